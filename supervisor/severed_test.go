package supervisor

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// severed is a keeper that can be taken away from its user, as the end of a manager's process does.
type severed struct {
	keeper.Keeper
	calls sync.RWMutex // held for reading by calls that go through: none does after end
	cut   atomic.Bool
	over  chan struct{}

	full   atomic.Bool                            // it saves nothing
	dies   atomic.Pointer[func(call string) bool] // whether the manager ends at this call: "save NAME" when it is saved, "spawn" before it
	struck chan struct{}                          // closed when it has
}

func sever(k keeper.Keeper) *severed {
	return &severed{Keeper: k, over: make(chan struct{}), struck: make(chan struct{})}
}

// strike has the manager end at the first call that the test picks.
func (s *severed) strike(at func(call string) bool) { s.dies.Store(&at) }

func (s *severed) risk(call string) {
	if at := s.dies.Load(); at != nil && (*at)(call) && s.cut.CompareAndSwap(false, true) {
		close(s.struck)
	}
}

func (s *severed) end() {
	s.cut.Store(true)
	close(s.over)
	s.calls.Lock()
	defer s.calls.Unlock()
}

// through makes a call unless the keeper was taken away.
func (s *severed) through(call func() error) error {
	s.calls.RLock()
	defer s.calls.RUnlock()
	if s.cut.Load() {
		return os.ErrClosed
	}
	return call()
}

func (s *severed) Hold(name string, d *fdpass.Descriptor) error {
	return s.through(func() error { return s.Keeper.Hold(name, d) })
}

func (s *severed) Save(name string, text []byte) error {
	err := s.through(func() error {
		if s.full.Load() {
			return errFull
		}
		return s.Keeper.Save(name, text)
	})
	if err == nil {
		s.risk("save " + name)
	}
	return err
}

func (s *severed) Drop(name string) error {
	return s.through(func() error { return s.Keeper.Drop(name) })
}

func (s *severed) Spawn(spawn keeper.Spawn) (keeper.Process, error) {
	s.risk("spawn")
	var p keeper.Process
	err := s.through(func() (err error) {
		p, err = s.Keeper.Spawn(spawn)
		return err
	})
	return p, err
}

func (s *severed) Signal(id keeper.ID, sig syscall.Signal) error {
	return s.through(func() error { return s.Keeper.Signal(id, sig) })
}

func (s *severed) Kill(id keeper.ID) error {
	return s.through(func() error { return s.Keeper.Kill(id) })
}

func (s *severed) Forget(id keeper.ID) error {
	return s.through(func() error { return s.Keeper.Forget(id) })
}

func (s *severed) Wait(id keeper.ID) (keeper.Exit, error) {
	type result struct {
		exit keeper.Exit
		err  error
	}
	c := make(chan result, 1)
	go func() {
		exit, err := s.Keeper.Wait(id)
		c <- result{exit, err}
	}()
	select {
	case r := <-c:
		return r.exit, r.err
	case <-s.over:
		return keeper.Exit{}, os.ErrClosed
	}
}
