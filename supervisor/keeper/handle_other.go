//go:build unix && !linux

package keeper

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

func ownExecutable() (string, error) { return os.Executable() }

// closeOnExecPipe holds the lock that keeps a concurrent fork from passing on
// what is not yet marked.
func closeOnExecPipe(p *[2]int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(p[:]); err != nil {
		return err
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return nil
}

// planInput is a pipe: there are no files in memory here.
func planInput([]byte) (fd int, sender *os.File, err error) {
	var p [2]int
	if err := closeOnExecPipe(&p); err != nil {
		return -1, nil, err
	}
	return p[0], pollable(p[1], "plan"), nil
}

// bearIn has nothing to do: there are no groups here.
func bearIn(*syscall.SysProcAttr, int) {}

func wantPidFD(*syscall.SysProcAttr) *int { return nil }

func childHandle(pid int, _ *int) handle {
	h, err := portableHandle(pid)
	if err != nil {
		panic("internal error: os.FindProcess failed for a child: " + err.Error())
	}
	return h
}

// openHandle cannot do it: without pidfd nobody but the parent can wait.
func openHandle(int) (handle, error) {
	return nil, syscall.ENOTSUP
}

// killTree ends the process group: this system does not tell more of a tree.
func (c *core) killTree(t proctree.Tree) error {
	if err := syscall.Kill(-t.Root, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		return err
	}
	return nil
}
