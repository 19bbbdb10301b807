package steer

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcOrdinaryUser runs the tests as nobody, without and with the one capability that eBPF needs.
func TestProcOrdinaryUser(t *testing.T) {
	asRoot(t)
	if os.Getenv(netVariable) != "" {
		return
	}
	nobody := syscall.Credential{Uid: 65534, Gid: 65534}
	const common = "Spread|Random|Probe|Detect|Earlier|EarlierLives"
	t.Run("without capabilities", func(t *testing.T) {
		again(t, "^TestProc(Flip|Share|"+common+")$", &syscall.SysProcAttr{Credential: &nobody})
	})
	t.Run("with CAP_BPF", func(t *testing.T) {
		again(t, "^TestProc("+common+")$", &syscall.SysProcAttr{Credential: &nobody, AmbientCaps: []uintptr{unix.CAP_BPF}})
	})
}
