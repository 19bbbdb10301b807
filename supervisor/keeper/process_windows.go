package keeper

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// process is a worker's process, by its handle, and what belongs to it.
type process struct {
	// fixed after newProcess and forkStoppable
	pid    int
	job    *job
	stop   *stop
	waits  *waits
	ended  *awaited
	handle windows.Handle

	mu     sync.Mutex // held while a handle is used: its value may be another's after closing
	closed bool
}

// newProcess owns the handle of info, and the job once it has succeeded.
func newProcess(info *windows.ProcessInformation, j *job, w *waits) (*process, error) {
	p := &process{pid: int(info.ProcessId), job: j, waits: w, handle: info.Process}
	var err error
	if p.ended, err = w.add(p.handle); err != nil {
		_ = windows.TerminateProcess(p.handle, killed)
		_ = windows.CloseHandle(p.handle)
		return nil, fmt.Errorf("cannot wait for a worker: %w", err)
	}
	return p, nil
}

func (p *process) wait() (Exit, error) {
	if !p.ended.wait() {
		return Exit{}, os.ErrClosed
	}
	at := time.Now()
	var code uint32
	err := p.use(func() error { return windows.GetExitCodeProcess(p.handle, &code) })
	if err != nil {
		return Exit{}, err
	}
	exit := Exit{Code: int(code), At: at}
	switch code {
	case killed:
		exit.Code, exit.Signal = 0, syscall.SIGKILL
	case aborted:
		exit.Code, exit.Signal = 0, syscall.SIGABRT
	}
	if code != 0 {
		exit.OutOfMemory = p.job.shortage()
	}
	return exit, nil
}

// use runs f unless the handles are closed.
func (p *process) use(f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrProcessDone
	}
	return f()
}

func (p *process) signal(sig syscall.Signal) error {
	return p.use(func() error {
		switch sig {
		case syscall.SIGTERM:
			return p.ask()
		case syscall.SIGINT:
			return p.interrupt()
		case syscall.SIGKILL:
			return p.terminate(killed)
		case syscall.SIGABRT:
			return p.terminate(aborted)
		}
		return errors.New("windows has no such signal")
	})
}

// ask sets the stop event. One that does not listen to it may have a handler of the console (Ctrl-Break).
func (p *process) ask() error {
	heard, err := p.stop.set()
	if heard {
		return err
	}
	if failed := p.interrupt(); failed != nil {
		return errors.Join(err, fmt.Errorf("it has not opened its stop event, and %w (at stop.timeout it is terminated)", failed))
	}
	return nil
}

// interrupt sends Ctrl-Break, which reaches those in our console only.
func (p *process) interrupt() error {
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.pid)); err != nil {
		return fmt.Errorf("Ctrl-Break does not reach it: %w", err)
	}
	return nil
}

// terminate has no error for a process that is just ending.
func (p *process) terminate(status uint32) error {
	err := windows.TerminateProcess(p.handle, status)
	if err == windows.ERROR_ACCESS_DENIED {
		if event, _ := windows.WaitForSingleObject(p.handle, 0); event == windows.WAIT_OBJECT_0 {
			return os.ErrProcessDone
		}
	}
	return err
}

// reap has nothing to do: a number stays with its process while a handle is open.
func (p *process) reap() {}

// close ends what is left in the job.
func (p *process) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.waits.drop(p.ended)
	_ = windows.CloseHandle(p.handle)
	p.job.close()
	p.stop.close()
}
