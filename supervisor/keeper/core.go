package keeper

import (
	"crypto/rand"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// stageTimeout bounds what a stage may take, against network file systems that
// never answer chdir or execve. It normally takes a few milliseconds.
const stageTimeout = 30 * time.Second

// source is where workers come from: this process, or the keeper process.
type source interface {
	// fork starts a stage with the ends at 0 and 1, and the files of s behind.
	fork(s Spawn, mark string, ends ends) (newborn, error)
	// open makes a handle of a process that may become the main one of worker id.
	// Whether it is the one meant must be checked afterwards.
	open(id ID, pid int) (handle, error)
	// follow makes it known that h, which open made, is the main process; nil: the
	// one that was spawned is, again.
	follow(id ID, h handle) error
}

// ends are the descriptors of the stage's side of its two pipes.
type ends struct{ plan, status int }

// newborn is a stage that was started.
type newborn struct {
	id     ID
	pid    int
	handle handle
	at     time.Time // zero: when its command has been run
}

// core is what is done with workers, wherever they come from. One goroutine owns
// its state; the methods send it notes.
type core struct {
	// fixed after newCore
	source
	token    string        // makes the marks of this core differ from all others
	patience time.Duration // how long a stage may take

	marks atomic.Uint64 // how many marks were made

	// anyone may send; the loop runs them one after the other
	notes  chan func(*state)
	scans  chan scan     // the scanner answers them
	closed chan struct{} // closed by the loop as its last act
}

// state is what the loop owns.
type state struct {
	workers map[ID]*worker
	stop    bool
}

// newCore starts the loop.
func newCore(from source) *core {
	c := &core{
		source:   from,
		token:    rand.Text(),
		patience: stageTimeout,
		notes:    make(chan func(*state)),
		scans:    make(chan scan),
		closed:   make(chan struct{}),
	}
	go c.scanner()
	go c.loop(&state{workers: make(map[ID]*worker)})
	return c
}

func (c *core) loop(s *state) {
	defer close(c.closed)
	for !s.stop {
		note := <-c.notes
		note(s)
	}
	for _, w := range s.workers {
		w.release()
	}
}

// ask has the loop run f and returns what f says, errClosed after Close.
func ask[T any](c *core, f func(*state) (T, error)) (T, error) {
	var value T
	err := errClosed
	done := make(chan struct{})
	note := func(s *state) {
		defer close(done)
		value, err = f(s)
	}
	select {
	case c.notes <- note:
		<-done
	case <-c.closed:
	}
	return value, err
}

// tell is ask without a value.
func tell(c *core, f func(*state) error) error {
	_, err := ask(c, func(s *state) (struct{}, error) { return struct{}{}, f(s) })
	return err
}

// stop ends the loop after it has run last.
func (c *core) stop(last func()) error {
	err := tell(c, func(s *state) error {
		last()
		s.stop = true
		return nil
	})
	<-c.closed
	return err
}

// Signal sends sig to the main process.
func (c *core) Signal(id ID, sig syscall.Signal) error {
	w, err := c.worker(id)
	if err != nil {
		return fmt.Errorf("cannot signal worker %d: %w", id, err)
	}
	if w.hasExited() {
		err = os.ErrProcessDone // a zombie would take the signal
	} else {
		err = w.main.signal(sig)
	}
	if err != nil {
		return fmt.Errorf("cannot send %s to worker %q: %w", signalName(sig), w.label, err)
	}
	return nil
}

// Kill ends all processes of the worker.
func (c *core) Kill(id ID) error {
	w, err := c.worker(id)
	if err != nil {
		return fmt.Errorf("cannot kill worker %d: %w", id, err)
	}
	if err := c.killTree(w.tree); err != nil {
		return fmt.Errorf("cannot kill worker %q: %w", w.label, err)
	}
	return nil
}

// Wait blocks until the main process is gone.
func (c *core) Wait(id ID) (Exit, error) {
	w, err := c.worker(id)
	if err != nil {
		return Exit{}, fmt.Errorf("cannot wait for worker %d: %w", id, err)
	}
	select {
	case <-w.exited:
		return *w.exit, nil
	case <-c.closed:
		return Exit{}, errClosed
	}
}
