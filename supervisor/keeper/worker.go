package keeper

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

// handle is one process, named in a way that can never come to mean another.
type handle interface {
	// wait blocks until the process is gone, or fails because of close. Only one
	// may wait at a time.
	wait() (Exit, error)
	// signal fails with os.ErrProcessDone for a process that is gone.
	signal(sig syscall.Signal) error
	// reap gives the pid of a child that is gone back to the kernel. For others it
	// does nothing.
	reap()
	close()
}

// worker is what the keeper knows of one. Copies are handed out by the loop.
type worker struct {
	// fixed after Spawn
	id     ID
	label  string
	tree   proctree.Tree
	leader handle        // the child that was spawned
	exited chan struct{} // closed when exit is set
	exit   *Exit         // fixed once exited is closed

	// owned by the loop
	process    Process // as Inventory gives it
	main       handle  // whose exit is the worker's: leader, or what Follow found
	leaderGone bool    // leader is a zombie
	forgotten  bool    // only waiting for the leader to go
}

// newWorker makes one that runs as p; it owns leader.
func newWorker(p Process, label string, tree proctree.Tree, leader handle) *worker {
	return &worker{
		id: p.ID, label: label, tree: tree, leader: leader, process: p, main: leader,
		exited: make(chan struct{}), exit: new(Exit),
	}
}

var errRunning = errors.New("it has not exited")

// find returns the worker called id, which only the loop may change.
func (s *state) find(id ID) (*worker, error) {
	if w := s.workers[id]; w != nil && !w.forgotten {
		return w, nil
	}
	return nil, ErrUnknown
}

// worker returns a copy of the worker as it is now.
func (c *core) worker(id ID) (worker, error) {
	return ask(c, func(s *state) (worker, error) {
		w, err := s.find(id)
		if err != nil {
			return worker{}, err
		}
		return *w, nil
	})
}

// watch waits for the exit of h, one of w's processes, and notes it. It ends
// when h is closed.
func (c *core) watch(w *worker, h handle) {
	exit, err := h.wait()
	if err != nil {
		return
	}
	_ = tell(c, func(s *state) error {
		s.exited(w, h, exit)
		return nil
	})
}

// exited notes that h is gone.
func (s *state) exited(w *worker, h handle, exit Exit) {
	if h == w.leader {
		w.leaderGone = true
	}
	if h == w.main && !w.hasExited() {
		*w.exit = exit
		close(w.exited)
	}
	if w.forgotten && w.leaderGone {
		s.remove(w)
	}
}

func (w *worker) hasExited() bool {
	select {
	case <-w.exited:
		return true
	default:
		return false
	}
}

// Follow makes pid the main process of the worker.
func (c *core) Follow(id ID, pid int) error {
	w, err := c.worker(id)
	if err != nil {
		return fmt.Errorf("cannot follow process %d of worker %d: %w", pid, id, err)
	}
	if err := c.follow(w, pid); err != nil {
		return fmt.Errorf("cannot follow process %d of worker %q: %w", pid, w.label, err)
	}
	return nil
}

func (c *core) follow(w worker, pid int) error {
	if pid == w.tree.Root {
		if err := c.source.follow(w.id, nil); err != nil {
			return err
		}
		return tell(c, func(s *state) error { return c.lead(s, w.id, pid, w.leader) })
	}
	h, err := c.open(w.id, pid)
	if err != nil {
		return err
	}
	// Asked after opening: from here on the handle is the process that was judged.
	if !w.tree.Contains(pid) {
		h.close()
		return errors.New("it does not belong to this worker")
	}
	if err = c.source.follow(w.id, h); err == nil {
		err = tell(c, func(s *state) error { return c.lead(s, w.id, pid, h) })
	}
	if err != nil {
		h.close()
	}
	return err
}

// lead makes h, the handle of pid which it then owns, the main process of a worker that runs.
func (c *core) lead(s *state, id ID, pid int, h handle) error {
	w, err := s.find(id)
	if err != nil {
		return err
	}
	if w.hasExited() {
		return os.ErrProcessDone
	}
	if h == w.leader && w.leaderGone {
		return os.ErrProcessDone
	}
	w.closeFollowed()
	w.main, w.process.PID = h, pid
	if h != w.leader {
		go c.watch(w, h)
	}
	return nil
}

// closeFollowed closes what Follow opened.
func (w *worker) closeFollowed() {
	if w.main != w.leader {
		w.main.close()
	}
}

// Forget acknowledges the exit of a worker. A worker that still runs is not
// forgotten: its exit would be lost.
func (c *core) Forget(id ID) error {
	err := tell(c, func(s *state) error {
		w, err := s.find(id)
		if err != nil {
			return err
		}
		if !w.hasExited() {
			return errRunning
		}
		// With Follow the spawned child may outlive the main process; its watcher
		// then removes the rest.
		w.forgotten = true
		if w.leaderGone {
			s.remove(w)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot forget worker %d: %w", id, err)
	}
	return nil
}

// remove releases w and the pid of its zombie, and removes its group.
func (s *state) remove(w *worker) {
	delete(s.workers, w.id)
	w.release()
	if g, err := cgroup.At(w.tree.Group); w.tree.Group != "" && err == nil {
		_ = g.Remove() // where something hangs in it, the next supervise of that name does it
	}
}

// release closes everything. A child that is gone is reaped.
func (w *worker) release() {
	w.leader.reap()
	w.closeFollowed()
	w.leader.close()
}
