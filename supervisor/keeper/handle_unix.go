//go:build unix

package keeper

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func signalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return sig.String()
}

// portable is a handle for systems without pidfd. Its wait occupies a thread
// and reaps at once; os.Process sees to it that signals never come later.
type portable struct{ process *os.Process }

func (p portable) wait() (Exit, error) {
	state, err := p.process.Wait()
	if err != nil {
		return Exit{}, err
	}
	exit := Exit{At: time.Now()}
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		exit.Code = state.ExitCode()
	case status.Signaled():
		exit.Signal, exit.CoreDumped = status.Signal(), status.CoreDump()
	default:
		exit.Code = status.ExitStatus()
	}
	return exit, nil
}

func (p portable) signal(sig syscall.Signal) error { return p.process.Signal(sig) }
func (p portable) reap()                           {}
func (p portable) close()                          {}

func portableHandle(pid int) (handle, error) {
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	return portable{process}, nil
}
