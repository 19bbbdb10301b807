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
	const pattern = "^TestProc(Flip|Share|Spread|Random|Probe|Detect|Earlier|EarlierLives)$"
	t.Run("without capabilities", func(t *testing.T) {
		again(t, pattern, &syscall.SysProcAttr{Credential: &nobody})
	})
	t.Run("with CAP_BPF", func(t *testing.T) {
		again(t, pattern, &syscall.SysProcAttr{Credential: &nobody, AmbientCaps: []uintptr{unix.CAP_BPF}})
	})
}
