//go:build unix

package supervisor

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// refusedText is how connect(2) is told that nobody listens.
const refusedText = "connect: connection refused"

// What is said of a command that cannot be run.
const (
	notExecutable = "not executable"
	notThere      = "no such file"
)

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
