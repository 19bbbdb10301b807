//go:build unix

package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// NewLocal makes a keeper inside this process. executable is the program that
// is started as `EXECUTABLE stage` before each worker; "" is the running one,
// also when the file it came from has been replaced. The caller closes it.
func NewLocal(executable string) (*Local, error) {
	if executable == "" {
		var err error
		if executable, err = ownExecutable(); err != nil {
			return nil, fmt.Errorf("cannot find the running program: %w", err)
		}
	}
	return newLocal(executable), nil
}

// Spawn starts a worker and returns when its command has been exec'd.
func (l *Local) Spawn(s Spawn) (Process, error) {
	if err := checkWorkerName(s.Name); err != nil {
		return Process{}, err
	}
	id, descriptors, err := l.reserve(s.Files)
	if err != nil {
		return Process{}, err
	}
	mark := proctree.Mark(fmt.Sprintf("%s.%s.%d", s.Mark, l.token, id))
	plan, err := encodePlan(s, mark)
	if err != nil {
		return Process{}, err
	}
	var started launched
	err = useAll(descriptors, nil, func(fds []int) error {
		started, err = l.launch(plan, fds)
		return err
	})
	if err != nil {
		return Process{}, err
	}
	p := Process{ID: id, Name: s.Name, PID: started.pid, StartedAt: started.at}
	tree := proctree.Of(started.pid)
	tree.Mark = mark
	w := &worker{
		id: id, label: s.Label, tree: tree, leader: started.handle, main: started.handle,
		exited: make(chan struct{}), exit: new(Exit), process: p,
	}
	if err := l.register(w); err != nil {
		abandon(started.handle, 0)
		return Process{}, err
	}
	return p, nil
}

// register makes w known, and its exit.
func (l *Local) register(w *worker) error {
	return tell(l, func(s *state) error {
		s.workers[w.id] = w
		go l.watch(w, w.leader)
		return nil
	})
}

// reserve takes a new id and finds the descriptors of a worker.
func (l *Local) reserve(files []File) (ID, []*fdpass.Descriptor, error) {
	descriptors := make([]*fdpass.Descriptor, len(files))
	id, err := ask(l, func(s *state) (ID, error) {
		for i, f := range files {
			descriptors[i] = f.Descriptor
			if (f.Held == "") == (f.Descriptor == nil) {
				return 0, fmt.Errorf("cannot give descriptor %d: one of a held name and a descriptor must be given", f.Number)
			}
			if f.Held != "" {
				descriptors[i] = s.kept[f.Held].descriptor
			}
			if descriptors[i] == nil {
				return 0, fmt.Errorf("cannot give descriptor %d: %q is not held", f.Number, f.Held)
			}
		}
		s.last++
		return s.last, nil
	})
	return id, descriptors, err
}

// encodePlan completes the plan with what only the keeper knows. The mark comes
// first, where it is found fastest.
func encodePlan(s Spawn, mark string) ([]byte, error) {
	plan := s.Plan
	plan.Env = append([]string{mark}, slices.DeleteFunc(slices.Clone(plan.Env), proctree.IsMark)...)
	plan.Numbers = make([]int, len(s.Files))
	for i, f := range s.Files {
		plan.Numbers[i] = f.Number
	}
	if err := plan.Check(); err != nil {
		return nil, err
	}
	return json.Marshal(plan)
}

// useAll runs f with the numbers of all descriptors, which stay open until it returns.
func useAll(list []*fdpass.Descriptor, fds []int, f func(fds []int) error) error {
	if len(list) == 0 {
		return f(fds)
	}
	var inner error
	err := list[0].Use(func(fd int) error {
		inner = useAll(list[1:], append(fds, fd), f)
		return inner
	})
	if err != nil && inner == nil {
		return fmt.Errorf("cannot give a descriptor: %w", err)
	}
	return err
}

// launched is a child that has become the command.
type launched struct {
	pid    int
	handle handle
	at     time.Time
}

// launch forks a stage, has it carry out the plan and waits for the result. On
// error nothing is left of it.
func (l *Local) launch(plan []byte, fds []int) (launched, error) {
	pipes, err := newPipes()
	if err != nil {
		return launched{}, fmt.Errorf("cannot start a process: %w", err)
	}
	defer pipes.close()
	pid, h, err := l.fork(pipes, fds)
	if err != nil {
		return launched{}, fmt.Errorf("cannot start %q: %w", l.executable+" stage", err)
	}
	if err := pipes.converse(plan, time.Now().Add(l.patience)); err != nil {
		return launched{}, l.failed(h, err)
	}
	return launched{pid: pid, handle: h, at: time.Now()}, nil
}

// fork starts the stage: the pipes at 0 and 1, supervise's stderr at 2, then the
// descriptors of the worker. ForkExec takes bare numbers and does not touch the
// descriptions behind them, unlike os/exec, which makes them blocking for all
// who share them.
func (l *Local) fork(pipes *pipes, fds []int) (int, handle, error) {
	files := []uintptr{uintptr(pipes.planEnd), uintptr(pipes.statusEnd), uintptr(syscall.Stderr)}
	for _, fd := range fds {
		files = append(files, uintptr(fd))
	}
	// A session of its own: the terminal's Ctrl-C is for supervise, and the group
	// and session tell which processes are the worker's.
	attr := &syscall.ProcAttr{Env: stage.Environ(), Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	pidfd := wantPidFD(attr.Sys)
	pid, err := syscall.ForkExec(l.executable, []string{"supervise", "stage"}, attr)
	pipes.closeChildEnds()
	if err != nil {
		return 0, nil, err
	}
	return pid, childHandle(pid, pidfd), nil
}

// failed clears away a stage that did not become the command, and says why.
func (l *Local) failed(h handle, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		go abandon(h, 0) // it may hang in the kernel for ever
		return &stage.Failure{Op: "start the worker", Cause: "its directory or command did not answer within " + l.patience.String()}
	}
	exit := abandon(h, l.patience)
	if errors.Is(err, stage.ErrDied) {
		return fmt.Errorf("cannot start a worker: the stage %s before it ran the command", exit)
	}
	return err
}

// abandon sees to the end of a child that nobody is to know of, and kills it
// if that takes longer than patience.
func abandon(h handle, patience time.Duration) Exit {
	defer h.close()
	kill := time.AfterFunc(patience, func() { _ = h.signal(syscall.SIGKILL) })
	defer kill.Stop()
	exit, err := h.wait()
	if err == nil {
		h.reap()
	}
	return exit
}
