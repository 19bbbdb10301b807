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
		h, err := r.takeBack(e, b.Take)
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

// takeBack makes the held of an entry again.
func (r *Registry) takeBack(e entry, take func(string) *fdpass.Descriptor) (h *held, err error) {
	if e.Steered != nil {
		h, err = r.takeMembers(e, take)
	} else {
		h, err = r.takeSocket(e, take(e.Key))
	}
	if h == nil || e.Change == nil {
		return h, err
	}
	for _, m := range h.members {
		// Some of it may have been applied. Now all or nothing is.
		spec := *e.Change
		spec.Address = m.socket.Spec().Address
		if err := m.socket.Reconfigure(spec); err != nil {
			r.log.Warn("listener cannot become what a change that was interrupted made of it", "listener", e.Name, "error", err)
		}
		m.measure()
	}
	return h, err
}

// takeSocket makes the held of an entry with one socket again. It owns d.
func (r *Registry) takeSocket(e entry, d *fdpass.Descriptor) (*held, error) {
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
	h := newHeld(s, e.Key, e.Name, e.Sharing)
	h.backlog, h.flag, h.outdated = e.Backlog, e.Flag.flag(), e.Outdated
	e.fill(h)
	r.steeringOn(h)
	return h, nil
}

// fill sets what is not of a single socket.
func (e entry) fill(h *held) {
	h.paused, h.warnings, h.given, h.takenFrom, h.extra = e.Held, e.Socket.Warnings, e.Given, e.TakenFrom, e.extra
}

func (r *Registry) enlist(h *held, e entry) {
	for _, m := range h.members {
		r.enrol(m)
	}
	if !e.Configured {
		r.removed = append(r.removed, h)
		return
	}
	r.listeners = append(r.listeners, h)
	r.byName[h.name] = h
	r.addresses = nil
	r.keepPath(h)      // killed before it was made ours
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

// Recall gives what Reacquire wants for the open listeners of those names, for a caller who does not know what it had leased.
// Names that no open listener has are left out.
func (r *Registry) Recall(names []string) []LeaseState {
	var list []LeaseState
	r.do(func() {
		for _, name := range names {
			for _, h := range slices.Concat(r.listeners, r.removed) {
				if h.name == name {
					list = append(list, LeaseState{Name: name, Key: h.key})
					break
				}
			}
		}
	})
	return list
}
