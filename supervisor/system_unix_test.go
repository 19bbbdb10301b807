//go:build unix

package supervisor

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// refusedText is how connect(2) is told that nobody listens.
const refusedText = "connect: connection refused"

// What is said of a command that cannot be run.
const (
	notExecutable = "not executable"
	notThere      = "no such file"
)

// freePort is one that nobody gets who asks for any: a socket is bound to it until the end of the test, which listens nowhere. With
// SO_REUSEADDR of both another may be bound to it, too (socket(7)).
func freePort(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	unix.CloseOnExec(fd)
	err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, nameErr := unix.Getsockname(fd)
	if err := errors.Join(err, nameErr); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(at.(*unix.SockaddrInet4).Port)
}

// sleeper is a command that does nothing for a long time, as it is written in a list.
func sleeper() string { return `"/bin/sleep", "1000"` }

// slay ends a process at once.
func slay(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// slain is how that is told.
const slain = "SIGKILL"

// isRefused is whether nobody listened.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// runs is whether a process is there and has not ended.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// backlogTold is whether the kernel tells the backlog of a listener.
const backlogTold = true
