package registry

import (
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Before is what a registry before this one left, in a process that has ended by now.
type Before struct {
	// State is the text that it saved under StateName; empty when it did not come so far.
	State []byte
	// Take gives the descriptor that the vault holds under a name, for the caller to own; nil when there is none.
	Take func(name string) *fdpass.Descriptor
}

// restore makes the registry what the one before was. Nothing is changed on the sockets yet.
func (r *Registry) restore(b *Before) error {
	if b == nil || len(b.State) == 0 {
		return nil
	}
	l, err := readLedger(b.State)
	if err != nil {
		return err
	}
	r.next, r.promotions, r.undropped, r.untold, r.extra = l.Next, l.Promotions, l.Drop, l.Untold, l.extra
	r.saved = b.State
	r.replaying, r.dirty = true, true
	for _, p := range l.Promoted {
		r.promoted[p.User] = p.Rank
	}
	for _, e := range l.Listeners {
		h, err := r.takeBack(e, b.Take(e.Key))
		if err != nil {
			r.log.Error("listener is lost, opened anew if it is configured", "listener", e.Name, "error", err)
		}
		if h != nil {
			r.enlist(h, e)
		}
	}
	r.rememberMirror(l.Mirrored)
	return nil
}

// takeBack makes the held of an entry again. It owns d.
func (r *Registry) takeBack(e entry, d *fdpass.Descriptor) (*held, error) {
	unopened := !e.Configured && e.Socket.Address == fdpass.Address{}
	switch {
	case d == nil && unopened:
		// Killed between opening it and giving it to the vault, or before.
		return nil, fdpass.Sweep(e.Socket.Spec.Address)
	case d == nil && !e.Configured:
		return nil, nil // it was being closed
	case d == nil:
		return nil, fmt.Errorf("%s is not among the descriptors that were kept", e.Key)
	}
	s, err := fdpass.Recover(e.Socket, d)
	if err != nil {
		r.undropped = append(r.undropped, e.Key)
		return nil, err
	}
	h := e.held(s)
	if e.Change != nil {
		// Some of it may have been applied. Now all or nothing is.
		if err := s.Reconfigure(*e.Change); err != nil {
			r.log.Warn("listener cannot become what a change that was interrupted made of it", "listener", e.Name, "error", err)
		}
		h.measure()
	}
	return h, nil
}

func (e entry) held(s *fdpass.Socket) *held {
	h := newHeld(s, e.Key, e.Name, e.Sharing)
	h.backlog, h.paused, h.flag = e.Backlog, e.Held, e.Flag.flag()
	h.warnings, h.given, h.outdated, h.extra = e.Socket.Warnings, e.Given, e.Outdated, e.extra
	return h
}

func (r *Registry) enlist(h *held, e entry) {
	r.enrol(h)
	if !e.Configured {
		r.removed = append(r.removed, h)
		return
	}
	r.listeners = append(r.listeners, h)
	r.byName[h.name] = h
	if h.given != "" { // killed before it let go of the original
		r.letGoGiven(h)
	}
}

// rememberMirror takes it that the mirror has what is open, unless the process before was killed while it told.
func (r *Registry) rememberMirror(names []string) {
	if !r.mirrors() {
		return
	}
	for _, name := range names {
		r.mirrored[name] = nil
		if h := r.byName[name]; h != nil && !r.untold {
			r.mirrored[name] = h.socket.Descriptor()
		}
	}
}

// useGiven ends holding the given descriptor whose duplicate h has.
func (r *Registry) useGiven(h *held, used given) {
	r.given = slices.DeleteFunc(r.given, func(g given) bool { return g.Descriptor == used.Descriptor })
	_ = used.Descriptor.Close()
	r.letGo(used.key)
	h.given = ""
}

// letGoGiven ends holding the given descriptor that h was made of, besides h's own.
func (r *Registry) letGoGiven(h *held) {
	r.given = slices.DeleteFunc(r.given, func(g given) bool {
		if g.key == h.given {
			_ = g.Descriptor.Close()
		}
		return g.key == h.given
	})
	r.letGo(h.given)
	h.given = ""
}

// Reacquire gives a generation of a process before this one its leases back, in the order of leases; all of them or
// none. It belongs between New and the first Prepare.
func (r *Registry) Reacquire(user User, leases []LeaseState) ([]*Lease, error) {
	var list []*Lease
	err := errClosed
	r.do(func() { list, err = r.reacquire(user, leases) })
	if err != nil {
		return nil, fmt.Errorf("cannot give generation %d of service %q its listeners back: %w", user.Generation, user.Service, err)
	}
	return list, nil
}

func (r *Registry) reacquire(user User, leases []LeaseState) ([]*Lease, error) {
	byKey := map[string]*held{}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		byKey[h.key] = h
	}
	list := make([]*Lease, 0, len(leases))
	for _, l := range leases {
		h := byKey[l.Key]
		if h == nil {
			return nil, fmt.Errorf("listener %q (%s) is not open any more", l.Name, l.Key)
		}
		list = append(list, &Lease{r: r, h: h, user: user, name: l.Name})
	}
	r.lease(user, list)
	return list, nil
}

// closeStrays closes what the process before opened for a change that it did not commit, or did not come to close. Only
// what an item is to become stays: nobody else has a use for it, and it may be in the way of a new listener.
func (r *Registry) closeStrays(items []*item) {
	if !r.replaying {
		return
	}
	useful := map[*held]bool{}
	for _, i := range items {
		if i.old == nil {
			continue
		}
		fits := len(fdpass.NeedsReopen(i.old.socket.Spec(), i.spec)) == 0
		useful[i.old] = fits || i.old.leased() || !slices.Contains(r.removed, i.old)
		if !useful[i.old] {
			i.old = nil
		}
	}
	r.removed = slices.DeleteFunc(r.removed, func(h *held) bool {
		stray := !useful[h] && !h.leased()
		if stray {
			r.closeRemoved(h)
		}
		return stray
	})
}

// settle ends the replay: all workers are known, so what happened while nobody looked can be judged and put right.
func (r *Registry) settle(c *Change) {
	if !r.replaying {
		return
	}
	r.replaying, r.settling, r.dirty = false, true, true
	for u := range r.promoted {
		if len(r.leases[u]) == 0 {
			delete(r.promoted, u)
		}
	}
	staying := map[*held]bool{}
	for _, i := range c.items {
		staying[i.old] = true
	}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		if staying[h] || h.leased() {
			r.settleOne(h)
		}
	}
}

func (r *Registry) settleOne(h *held) {
	r.elect(h)
	_, _ = r.check(h, nil) // what is wrong has been logged
	if len(h.workers) > 0 {
		r.recheckLater(h, nil)
	}
	var err error
	switch {
	case h.paused && !h.socket.Paused():
		err = h.socket.Pause()
	case !h.paused && h.socket.Paused():
		err = h.socket.Resume()
	}
	if err != nil {
		r.log.Error("cannot make listener as it was", "listener", h.name, "held", h.paused, "error", err)
	}
	if h.stranded() {
		r.announce(h)
	}
}

// stranded is whether some service has h only in generations with a dead socket: the process before ended between
// Options.Replaced and the rollout that it asks for.
func (h *held) stranded() bool {
	served := map[string]bool{}
	for u := range h.users {
		served[u.Service] = served[u.Service] || !slices.Contains(h.outdated, u)
	}
	for _, ok := range served {
		if !ok {
			return true
		}
	}
	return false
}

// settled sends the announcements that had to wait until the listeners have their new names.
func (r *Registry) settled() {
	if !r.settling {
		return
	}
	r.settling = false
	for _, h := range r.listeners {
		if h.again && !h.telling {
			h.again = false
			r.announce(h)
		}
	}
}
