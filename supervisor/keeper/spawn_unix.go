//go:build unix

package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
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

// forker is the source of workers that are children of this process.
type forker struct {
	executable string                                   // is the stage
	held       func(string) (*fdpass.Descriptor, error) // finds what is kept; it stays the shelf's
	last       atomic.Uint64                            // ID given out
}

// Spawn starts a worker and returns when its command has been exec'd.
func (c *core) Spawn(s Spawn) (Process, error) {
	if err := checkWorkerName(s.Name); err != nil {
		return Process{}, err
	}
	mark := proctree.Mark(fmt.Sprintf("%s.%s.%d", s.Mark, c.token, c.marks.Add(1)))
	plan, err := encodePlan(s, mark)
	if err != nil {
		return Process{}, err
	}
	started, err := c.launch(s, mark, plan)
	if err != nil {
		return Process{}, err
	}
	p := Process{ID: started.id, Name: s.Name, PID: started.pid, Root: started.pid, StartedAt: started.at, Group: pathOf(s.Group)}
	tree := p.Tree()
	tree.Mark = mark
	if err := c.register(newWorker(p, s.Label, tree, started.handle)); err != nil {
		abandon(started.handle, 0)
		return Process{}, err
	}
	return p, nil
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

// launch forks a stage, has it carry out the plan and waits for the result. On
// error nothing is left of it.
func (c *core) launch(s Spawn, mark string, plan []byte) (newborn, error) {
	pipes, err := newPipes(plan)
	if err != nil {
		return newborn{}, fmt.Errorf("cannot start a process: %w", err)
	}
	defer pipes.close()
	n, err := c.fork(s, mark, pipes.ends)
	pipes.closeEnds()
	if err != nil {
		return newborn{}, err
	}
	if err := pipes.converse(plan, time.Now().Add(c.patience)); err != nil {
		return newborn{}, c.failed(n.handle, err)
	}
	if n.at.IsZero() {
		n.at = time.Now()
	}
	return n, nil
}

// fork starts the stage as a child of this process.
func (f *forker) fork(s Spawn, _ string, ends ends) (newborn, error) {
	descriptors := make([]*fdpass.Descriptor, len(s.Files))
	for i, file := range s.Files {
		d, err := file.find(f.held)
		if err != nil {
			return newborn{}, fmt.Errorf("cannot give descriptor %d: %w", file.Number, err)
		}
		descriptors[i] = d
	}
	var n newborn
	err := useAll(descriptors, nil, func(fds []int) error {
		return useGroup(s.Group, func(group int) error {
			pid, pidfd, err := forkStage(f.executable, ends, group, fds)
			if err != nil {
				return fmt.Errorf("cannot start %q: %w", f.executable+" stage", err)
			}
			n = newborn{id: ID(f.last.Add(1)), pid: pid, handle: childHandle(pid, pidfd)}
			return nil
		})
	})
	return n, err
}

// noGroup is in place of a descriptor where a worker is born in our own group.
const noGroup = -1

// useGroup runs f with a descriptor of the group, or noGroup.
func useGroup(g *cgroup.Group, f func(fd int) error) error {
	if g == nil {
		return f(noGroup)
	}
	return g.Use(f)
}

func pathOf(g *cgroup.Group) string {
	if g == nil {
		return ""
	}
	return g.Path()
}

// forkStage starts the stage, in the group: the pipes at 0 and 1, supervise's stderr at 2, then
// the descriptors of the worker. ForkExec takes bare numbers and does not touch
// the descriptions behind them, unlike os/exec, which makes them blocking for all
// who share them.
func forkStage(executable string, ends ends, group int, fds []int) (pid int, pidfd *int, err error) {
	files := []uintptr{uintptr(ends.plan), uintptr(ends.status), uintptr(syscall.Stderr)}
	for _, fd := range fds {
		files = append(files, uintptr(fd))
	}
	// A session of its own: the terminal's Ctrl-C is for supervise, and the group
	// and session tell which processes are the worker's.
	attr := &syscall.ProcAttr{Env: stage.Environ(), Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	bearIn(attr.Sys, group)
	pidfd = wantPidFD(attr.Sys)
	pid, err = syscall.ForkExec(executable, []string{"supervise", "stage"}, attr)
	return pid, pidfd, err
}

// failed clears away a stage that did not become the command, and says why.
func (c *core) failed(h handle, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		go abandon(h, 0) // it may hang in the kernel for ever
		return &stage.Failure{Op: "start the worker", Cause: "its directory or command did not answer within " + c.patience.String()}
	}
	exit := abandon(h, c.patience)
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
