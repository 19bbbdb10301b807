package stage

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

const usr1, usr2 = unix.SIGUSR1, unix.SIGUSR2

// The process of Plan.Parent. It starts a stage of its own, which becomes the command:
//
//	keeper ──fork──▶ stage: parent ──fork──▶ stage ──exec──▶ command
//	  │ ── SIGHUP, ... ──▶ │ ── SIGHUP, ... ────────────────▶ │
//	  │                    │ ◀──────────────── Parent.Ready ─ │
//	  │                    │ ── MAINPID= READY=1 BARRIER=1 ──▶ NOTIFY_SOCKET
//	  │                    │ ◀───────── the barrier is gone ── (whoever reads there has taken it in)
//	  │ ◀── exit 0 ─────── │
//	  │ ◀── its child is the keeper's: subreaper, prctl(2) ── │
//
// With Parent.Stay there is only READY=1, and the last two steps do not follow.
//
// If the command ends first, its parent ends in the same way. It becomes the same user, because the command must be allowed to
// signal it, and holds none of the command's descriptors. It signals nothing but the one process that it has a pidfd of.
type parent struct {
	Parent
	env     []string
	signals chan os.Signal
	child   int // pid of the command
	pidfd   int // of the command
}

// thisProgram is what runs here, also when its file was replaced.
const thisProgram = "/proc/self/exe"

// beParent returns only with an error. From here on Go's poller does no harm: this process keeps no descriptor that a worker wants.
func (c *child) beParent() error {
	p := &parent{Parent: *c.plan.Parent, env: c.plan.Env, signals: make(chan os.Signal, 4*numSignals)}
	signal.Notify(p.signals, passed()...)
	if err := c.startCommand(p); err != nil {
		return err
	}
	syscall.Exit(p.live(c)) // os.Exit waits a second in a race build
	return nil
}

// passed are the signals that go on to the command: all but those that nobody can catch, that come from what this process does itself, or that
// Go's runtime uses.
func passed() (list []os.Signal) {
	own := []unix.Signal{
		unix.SIGKILL, unix.SIGSTOP, unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGSTKFLT, unix.SIGSYS,
		unix.SIGCHLD, unix.SIGPROF, unix.SIGURG, 32, 33, 34,
	}
	for sig := unix.Signal(1); sig <= numSignals; sig++ {
		if !slices.Contains(own, sig) {
			list = append(list, sig)
		}
	}
	return list
}

// startCommand starts the stage of the command. That waits for its plan until this process is what the command may signal.
func (c *child) startCommand(p *parent) error {
	plan := c.plan
	plan.Parent = nil
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return &Failure{Op: "start a stage", Cause: err.Error()}
	}
	if err := p.fork(ends[0], len(plan.Numbers)); err != nil {
		return &Failure{Op: "start a stage", Cause: err.Error()}
	}
	unix.Close(ends[0])
	closeInherited()
	if err := c.becomeLike(); err != nil {
		_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
		return err
	}
	if err := c.letGo(); err != nil {
		return err
	}
	writeAll(ends[1], text)
	unix.Close(ends[1])
	return os.NewSyscallError("dup3", dupTo(planPipe, statusPipe))
}

// fork gives the child a process group of its own, as a worker has it, in the session by which the keeper knows the worker.
func (p *parent) fork(plan, descriptors int) (err error) {
	files := []uintptr{uintptr(plan), statusPipe, uintptr(syscall.Stderr)}
	for i := range descriptors {
		files = append(files, uintptr(firstDescriptor+i))
	}
	p.pidfd = -1
	p.child, err = syscall.ForkExec(thisProgram, []string{"supervise", "stage"}, &syscall.ProcAttr{
		Env: os.Environ(), Files: files, Sys: &syscall.SysProcAttr{Setpgid: true, PidFD: &p.pidfd},
	})
	if err == nil && p.pidfd < 0 {
		p.pidfd, err = unix.PidfdOpen(p.child, 0) // it is not reaped, so it is this one
	}
	return err
}

// becomeLike makes of this process what the command may signal, and what may do no more than the command.
func (c *child) becomeLike() error {
	if fd, err := unix.Open("/proc/self/comm", unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
		writeAll(fd, []byte("supervise"))
		unix.Close(fd)
	}
	if err := c.becomeUser(); err != nil {
		return err
	}
	return c.giveUpPrivileges()
}

// letGo closes the plan and standard error. The status pipe goes last: its end says that only the stage of the command still reports, and that
// this process holds nothing of the command's.
func (c *child) letGo() error {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &Failure{Op: "open", Object: "/dev/null", Cause: err.Error()}
	}
	defer unix.Close(null)
	return errors.Join(dupTo(null, planPipe), dupTo(null, syscall.Stderr))
}

// live passes signals on until the command has ended, or is ready and somebody knows it. It returns the exit code.
func (p *parent) live(c *child) int {
	ended := make(chan unix.WaitStatus, 1)
	go func() { ended <- awaitExit(p.child) }()
	told, known := false, make(chan struct{})
	for {
		select {
		case status := <-ended:
			return endLike(status, c)
		case <-known:
			return 0
		case sig := <-p.signals:
			switch sig := sig.(syscall.Signal); {
			case !slices.Contains(p.own(), sig):
				p.passOn(sig)
			case int(sig) == p.Ready && !told:
				told = true
				go p.tellReady(known)
			}
		}
	}
}

// passOn sends a signal to the command. Of one that is gone, awaitExit tells.
func (p *parent) passOn(sig syscall.Signal) {
	if sig != unix.SIGPIPE {
		_ = unix.PidfdSendSignal(p.pidfd, p.addressed(sig), nil, 0)
	}
}

func awaitExit(pid int) (status unix.WaitStatus) {
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			return status
		}
	}
}

// endLike ends this process as its command has ended.
func endLike(status unix.WaitStatus, c *child) int {
	if !status.Signaled() {
		return status.ExitStatus()
	}
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // the core is the command's
	_ = c.resetSignals()
	_ = unix.Kill(os.Getpid(), status.Signal())
	return 128 + int(status.Signal())
}
