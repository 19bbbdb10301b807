package keeper

import (
	"crypto/rand"
	"fmt"
	"os"
	"syscall"
	"time"
)

// stageTimeout bounds what a stage may take, against network file systems that
// never answer chdir or execve. It normally takes a few milliseconds.
const stageTimeout = 30 * time.Second

// Local is the Keeper inside this process. One goroutine owns its state; the
// methods send it notes. Make it with NewLocal.
type Local struct {
	// fixed after NewLocal
	executable string
	token      string        // makes the marks of this keeper differ from all others
	patience   time.Duration // how long a stage may take

	// anyone may send; the loop runs them one after the other
	notes  chan func(*state)
	scans  chan scan     // the scanner answers them
	closed chan struct{} // closed by the loop as its last act
}

// state is what the loop owns.
type state struct {
	kept    map[string]kept
	workers map[ID]*worker
	last    ID
	stop    bool
}

var _ Keeper = (*Local)(nil)

// newLocal starts the loop.
func newLocal(executable string) *Local {
	l := &Local{
		executable: executable,
		token:      rand.Text(),
		patience:   stageTimeout,
		notes:      make(chan func(*state)),
		scans:      make(chan scan),
		closed:     make(chan struct{}),
	}
	go l.scanner()
	go l.loop(&state{kept: make(map[string]kept), workers: make(map[ID]*worker)})
	return l
}

func (l *Local) loop(s *state) {
	defer close(l.closed)
	for !s.stop {
		note := <-l.notes
		note(s)
	}
	for _, k := range s.kept {
		k.close()
	}
	for _, w := range s.workers {
		w.release()
	}
}

// ask has the loop run f and returns what f says, errClosed after Close.
func ask[T any](l *Local, f func(*state) (T, error)) (T, error) {
	var value T
	err := errClosed
	done := make(chan struct{})
	note := func(s *state) {
		defer close(done)
		value, err = f(s)
	}
	select {
	case l.notes <- note:
		<-done
	case <-l.closed:
	}
	return value, err
}

// tell is ask without a value.
func tell(l *Local, f func(*state) error) error {
	_, err := ask(l, func(s *state) (struct{}, error) { return struct{}{}, f(s) })
	return err
}

// Close drops what is held and unblocks Wait with an error. It ends no process;
// those that run stay children of this process.
func (l *Local) Close() error {
	err := tell(l, func(s *state) error {
		s.stop = true
		return nil
	})
	<-l.closed
	return err
}

// Signal sends sig to the main process.
func (l *Local) Signal(id ID, sig syscall.Signal) error {
	w, err := l.worker(id)
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
func (l *Local) Kill(id ID) error {
	w, err := l.worker(id)
	if err != nil {
		return fmt.Errorf("cannot kill worker %d: %w", id, err)
	}
	if err := l.killTree(w.tree); err != nil {
		return fmt.Errorf("cannot kill worker %q: %w", w.label, err)
	}
	return nil
}

// Wait blocks until the main process is gone.
func (l *Local) Wait(id ID) (Exit, error) {
	w, err := l.worker(id)
	if err != nil {
		return Exit{}, fmt.Errorf("cannot wait for worker %d: %w", id, err)
	}
	select {
	case <-w.exited:
		return *w.exit, nil
	case <-l.closed:
		return Exit{}, errClosed
	}
}
