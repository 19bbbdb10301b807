package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// runService is what Windows calls: the whole life of the service. It returns when the service has ended.
func (a *app) runService(s winService) error {
	log, err := serviceLog(s)
	if err != nil {
		return err
	}
	defer log.Close()
	allocConsole()
	os.Stdout, os.Stderr = log.in, log.in // for workers with output = "inherit"
	err = svc.Run(s.name, &handler{run: func(m *scm) int {
		inner := &app{out: log.in, err: log.in, config: a.config, control: a.control, scm: m}
		return inner.explain(inner.run(runner{}))
	}})
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return usageOfRun(s, a.config)
	}
	if err != nil {
		return fmt.Errorf("cannot run service %q: %w", s.name, explainSCM(err))
	}
	return nil
}

// allocConsole gives the service a console that nobody sees: a worker that does not know of the event by which it is to stop gets Ctrl-Break
// (GenerateConsoleCtrlEvent), which goes by a console. Without one it would be ended at once.
func allocConsole() {
	_, _, _ = windows.NewLazySystemDLL("kernel32.dll").NewProc("AllocConsole").Call()
}

func usageOfRun(s winService, file string) error {
	return &exitError{code: codeUsage, err: fmt.Errorf("cannot run service %q: only the service control manager of Windows can", s.name),
		hint: fmt.Sprintf("Run supervise --config %s in a terminal, or: supervise service start --name %s", file, s.name)}
}

// logLimit is the size in bytes at which the log of a service is put aside.
const logLimit = 10 << 20

// logged is what a service has in the place of a terminal: what is written to in comes to a file.
type logged struct {
	in   *os.File
	done chan struct{}
}

// serviceLog begins. A crash of this process is written to the same file, past the pipe that nobody would empty any more.
func serviceLog(s winService) (*logged, error) {
	path, err := s.logPath()
	if err != nil {
		return nil, err
	}
	file, err := openRotated(path, logLimit, func(f *os.File) { _ = debug.SetCrashOutput(f, debug.CrashOptions{}) })
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l := &logged{in: in, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		_, _ = io.Copy(file, out)
		_ = errors.Join(out.Close(), file.Close())
	}()
	return l, nil
}

// logPath is the file of --log or, in a folder that nobody else can read, of supervise's own.
func (s winService) logPath() (string, error) {
	if s.log != "" {
		return filepath.Abs(s.log)
	}
	who := self()
	if err := ownFolder(who.folder(), 0); err != nil {
		return "", fmt.Errorf("cannot use the folder of supervise's files: %w", err)
	}
	folder := filepath.Join(who.folder(), "log")
	if err := makeFolder(folder, "D:P(A;OICI;GA;;;SY)(A;OICI;GA;;;BA)(A;OICI;GA;;;"+who.sid+")"); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("cannot make the folder of the log: %w", err)
	}
	return filepath.Join(folder, s.name+".log"), nil
}

// Close returns when all is written.
func (l *logged) Close() {
	l.in.Close()
	<-l.done
}

// handler is what the service control manager talks to. run is a whole supervise, and gives its exit code.
type handler struct{ run func(*scm) int }

const (
	accepted   = svc.AcceptStop | svc.AcceptPreShutdown | svc.AcceptParamChange
	sayEvery   = 2 * time.Second  // while it starts or stops: each time with another checkpoint
	believedIn = 20 * time.Second // the wait hint: without another checkpoint for that long it counts as hung
)

// Execute runs supervise until it ends. Its exit code is the service's own: 3 is an invalid configuration.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, tell chan<- svc.Status) (ownCode bool, code uint32) {
	running, ended := make(chan struct{}), make(chan int, 1)
	m := &scm{signals: make(chan os.Signal, 8), running: func() { close(running) }}
	status := svc.Status{State: svc.StartPending, CheckPoint: 1, WaitHint: uint32(believedIn / time.Millisecond)}
	tell <- status
	go func() { ended <- h.run(m) }()
	clock := time.NewTicker(sayEvery)
	defer clock.Stop()
	for {
		select {
		case <-running:
			running = nil
			if status.State == svc.StartPending {
				status = svc.Status{State: svc.Running, Accepts: accepted}
				tell <- status
			}
		case r := <-requests:
			status = m.asked(r, status)
			tell <- status
		case <-clock.C:
			if status.State != svc.Running {
				status.CheckPoint++
				tell <- status
			}
		case n := <-ended:
			return n != 0, uint32(n)
		}
	}
}

// asked passes on what Windows wants, and gives the state after that. It asks once for a stop: a second SIGTERM would be "at once".
func (m *scm) asked(r svc.ChangeRequest, now svc.Status) svc.Status {
	switch r.Cmd {
	case svc.Stop, svc.PreShutdown:
		if now.State == svc.StopPending {
			return now
		}
		m.signals <- syscall.SIGTERM
		return svc.Status{State: svc.StopPending, CheckPoint: 1, WaitHint: uint32(believedIn / time.Millisecond)}
	case svc.ParamChange:
		select {
		case m.signals <- syscall.SIGHUP:
		default: // so many reloads are on their way already
		}
	}
	return now
}
