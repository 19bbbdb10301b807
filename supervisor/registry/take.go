package registry

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Taken is a listener that was taken over from another program, which still has its socket too.
type Taken struct {
	Listener string
	From     string // who: "process 1234 (nginx)"
	PID      int    // of that; 0 when it is not known
	Blocking bool   // the socket was in blocking mode (O_NONBLOCK of open(2)), which all who have it share
}

// Taken gives what the change has taken over, once it is committed.
func (c *Change) Taken() []Taken {
	var list []Taken
	for _, i := range c.items {
		if i.taken.who != "" {
			list = append(list, Taken{i.spec.Name, i.taken.who, i.taken.pid, i.blocking})
		}
	}
	return list
}

// takeAll gets what is not open from where it is to be taken. That may take seconds, so the registry goes on meanwhile.
func (c *Change) takeAll() {
	var wanted []*item
	c.r.do(func() { wanted = c.toTake() })
	for _, i := range wanted {
		got, err := c.r.fetch(*i.from, i.spec)
		switch {
		case err == nil:
			i.taken = got
		case errors.Is(err, errAbsent) && !i.must:
			i.absent = err
		default:
			i.err = i.refused(err)
		}
	}
}

// toTake gives the items that are neither open nor given.
func (c *Change) toTake() (wanted []*item) {
	c.r.recognise(c.items)
	c.choose()
	for _, i := range c.items {
		if i.from != nil && i.err == nil && i.old == nil && i.given.Descriptor == nil {
			wanted = append(wanted, i)
		}
		i.old, i.given = nil, given{} // that may change until it counts
	}
	return wanted
}

// leaveTaken closes what was got and not used.
func (c *Change) leaveTaken() {
	for _, i := range c.items {
		if i.taken.d != nil && i.fresh == nil {
			_ = i.taken.d.Close()
			i.taken = taken{}
		}
	}
}

// takeOver makes i's socket of what another program has open.
func (i *item) takeOver() error {
	i.backlog, i.blocking = stateOf(i.spec, i.taken.d)
	fresh, err := fdpass.Restore(i.spec, i.taken.d)
	i.taken.d = nil
	if err != nil {
		return i.unfit(err)
	}
	i.fresh = fresh
	return nil
}

// stateOf looks without touching anything; backlog is 0 where the kernel does not tell.
func stateOf(spec fdpass.Spec, d *fdpass.Descriptor) (backlog int, blocking bool) {
	dup, err := d.Dup()
	if err != nil {
		return 0, false
	}
	s, err := fdpass.Recover(fdpass.Identity{Spec: spec}, dup)
	if err != nil {
		return 0, false
	}
	defer s.Abandon()
	state, err := s.State()
	return max(state.Backlog, 0), err == nil && !state.Nonblocking
}

// giveUp closes what was opened. The socket of another program stays as that had it, apart from options that are configured.
func (i *item) giveUp() {
	if i.taken.who == "" {
		_ = i.fresh.Close()
		return
	}
	if i.backlog > 0 {
		spec := i.spec
		spec.Backlog = i.backlog
		_ = i.fresh.Reconfigure(spec)
	}
	_ = i.fresh.Abandon()
}

// unfit is the error for a socket that is not what is configured.
func (i *item) unfit(err error) error {
	var failed *fdpass.OpenError
	if !errors.As(err, &failed) {
		return err
	}
	if failed.Op == "restore" {
		failed.Op = "take"
		failed.Advice = "configure the address that it has, or leave take_from out"
	}
	failed.Cause = i.taken.who + ": " + failed.Cause
	return failed
}

// refused is the error for a socket that cannot be had.
func (i *item) refused(err error) error {
	failed := &fdpass.OpenError{Name: i.spec.Name, Address: i.spec.Address, Op: "take", Cause: fmt.Sprintf("%s: %v", i.from, err)}
	_ = errors.As(err, &failed.Err)
	if !i.must {
		failed.Advice = "make that possible, or leave take_from out"
	}
	return failed
}

// alreadyOpen is the error for taking over what we have.
func (i *item) alreadyOpen() error {
	return &fdpass.OpenError{Name: i.spec.Name, Address: i.spec.Address, Op: "take", Err: syscall.EEXIST,
		Cause: "supervise has it open already", Advice: "take a listener that the file has and supervise has not opened yet"}
}

// notTaken adds to the error of opening a listener why it was not taken over, which is mostly why it cannot be opened.
func (i *item) notTaken(err error) error {
	var failed *fdpass.OpenError
	if i.absent == nil || !errors.As(err, &failed) {
		return err
	}
	failed.Cause = fmt.Sprintf("%s; it was not taken over from %s: %v", failed.Cause, i.from, i.absent)
	return failed
}

// keepPath makes the path of a socket ours that was taken over: the program that had it unlinks it at its end.
func (r *Registry) keepPath(h *held) {
	if h.takenFrom == "" {
		return
	}
	if err := h.socket.OwnPath(); err != nil {
		r.log.Warn("path of a listener will be gone with the program that had it", "listener", h.name, "from", h.takenFrom, "error", err)
		return
	}
	r.watcher.Remove(h.socket)
	r.watch(h.member)
}
