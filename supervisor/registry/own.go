package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Sharing is that of the listener: "all", "generation" or "worker".
func (l *Lease) Sharing() string {
	sharing := ""
	l.r.do(func() { sharing = l.h.sharing })
	return sharing
}

// Address is the real address of the listener.
func (l *Lease) Address() fdpass.Address { return l.h.address }

// Open gives the socket for a worker of the generation. With sharing "generation" or "worker" that is the generation's or the worker's
// own: the one that it has already, or one that belongs to nobody, or one that is opened. The registry owns it; it is open until Release
// or the registry's Close. Take its Descriptor anew for each worker: after a repair it may be another one.
func (l *Lease) Open(worker int) (*fdpass.Socket, error) {
	var s *fdpass.Socket
	err := errClosed
	l.r.do(func() { s, err = l.r.openFor(l.h, place{l.user, worker}) })
	if err != nil {
		return nil, fmt.Errorf("cannot open a socket of listener %q for worker %d: %w", l.name, worker, err)
	}
	return s, nil
}

func (r *Registry) openFor(h *held, at place) (*fdpass.Socket, error) {
	if h.steered == nil {
		return h.socket, nil
	}
	m, err := r.memberFor(h, at)
	if err != nil {
		return nil, err
	}
	r.attend(m, at)
	return m.socket, r.resteer(h)
}

// memberFor finds a socket for a worker, or makes one.
func (r *Registry) memberFor(h *held, at place) (*member, error) {
	if own := h.membersAt(at); len(own) > 0 {
		return own[0], nil
	}
	if m := h.waitingFor(at); m != nil {
		m.user, m.worker, m.leaving = at.user, h.place(at.index), time.Time{}
		r.dirty = true
		r.keep()
		return m, nil
	}
	return r.another(h, at)
}

// waitingFor gives the socket that belongs to nobody and at which new connections wait, best the one that a worker in the same place had.
func (h *held) waitingFor(at place) *member {
	var found *member
	for _, m := range h.membersOf(User{}) {
		if !slices.Contains(h.choose().Current, m.key) {
			continue
		}
		if m.worker == h.place(at.index) {
			return m
		}
		if found == nil {
			found = m
		}
	}
	return found
}

// another opens one more socket, for a worker or for nobody. It is written down before: a later process knows what it finds in the vault.
func (r *Registry) another(h *held, at place) (*member, error) {
	m, err := r.announceMember(h, at)
	if err != nil {
		return nil, err
	}
	defer func() { h.steered.opening = nil }()
	if m.socket, err = h.socket.Another(); err != nil {
		return nil, err
	}
	if r.vault != nil {
		if err := r.vault.Hold(m.key, m.socket.Descriptor()); err != nil {
			_ = m.socket.Close()
			return nil, fmt.Errorf("it cannot be kept for a later process: %w", err)
		}
	}
	return m, r.include(h, m)
}

// announceMember writes down that there will be another socket.
func (r *Registry) announceMember(h *held, at place) (*member, error) {
	m := &member{of: h, key: keyOf(r.next), user: at.user, worker: h.place(at.index), backlog: -1}
	r.next++
	r.dirty = true
	if r.vault == nil {
		return m, nil
	}
	h.steered.opening = m
	if err := r.save(); err != nil {
		h.steered.opening = nil
		return nil, fmt.Errorf("what is known of it cannot be kept for a later process: %w", err)
	}
	return m, nil
}

// include makes a socket that listens one of h's.
func (r *Registry) include(h *held, m *member) error {
	if err := h.steered.group.Join(m.steer()); err != nil {
		_ = m.socket.Close() // the last one in the kernel's order: nothing moves
		r.letGo(m.key)
		return err
	}
	m.measure()
	if state, err := m.socket.State(); err == nil {
		m.flag.start, m.flag.want = state.Nonblocking, state.Nonblocking
	}
	h.members = append(h.members, m)
	h.steered.opening = nil
	r.enrol(m)
	r.dirty = true
	r.keep()
	if h.paused {
		if err := m.socket.Pause(); err != nil {
			r.log.Error("cannot hold listener as before", "listener", h.name, "error", err)
		}
	}
	r.log.Debug("listener has another socket", "listener", h.name, "service", m.user.Service, "generation", m.user.Generation, "worker", m.worker)
	return nil
}

// attend tells m of the workers that live in a place, which have it from now on.
func (r *Registry) attend(m *member, at place) {
	for _, w := range r.workers[at] {
		if !slices.Contains(w.holds, m) {
			w.holds = append(w.holds, m)
			m.workers = append(m.workers, w)
		}
	}
}

// Members gives the open sockets of a worker, also those of one that has crashed before it in its place; nil with sharing "all". The
// registry owns them.
func (l *Lease) Members(worker int) []*fdpass.Socket {
	var list []*fdpass.Socket
	l.r.do(func() {
		if l.h.steered == nil {
			return
		}
		for _, m := range l.h.membersAt(place{l.user, worker}) {
			list = append(list, m.socket)
		}
	})
	return list
}

// CanJoin says whether a socket that the worker's program has made itself may become one of the listener's: nil, or why not.
func (l *Lease) CanJoin(worker int) error {
	err := errClosed
	l.r.do(func() { err = l.r.canJoin(l.h, place{l.user, worker}) })
	if err != nil {
		return fmt.Errorf("cannot use the program's own socket for listener %q: %w", l.name, err)
	}
	return nil
}

// maxOwn bounds the sockets of a program that makes one after the other: this process and the keeper have each of them open.
const maxOwn = 256

func (r *Registry) canJoin(h *held, at place) error {
	switch {
	case h.steered == nil:
		return ErrNotSteered
	case len(h.membersAt(at)) >= maxOwn:
		return fmt.Errorf("the worker has %d already", maxOwn)
	case len(h.membersAt(at)) == 0 && h.waitingFor(at) != nil && !h.steered.group.Migrates():
		return errors.New("connections wait at another one, from where they cannot be moved (net.ipv4.tcp_migrate_req = 1 or eBPF is needed)")
	}
	return nil
}

// Join makes a socket that a worker's program has made one of the listener's: d is bound to the address with SO_REUSEPORT and does
// not listen yet. It gets the options and the backlog that are configured, and listens. The caller still owns d. The same socket a second
// time is one that is there.
func (l *Lease) Join(worker int, d *fdpass.Descriptor) error {
	err := errClosed
	l.r.do(func() { err = l.r.join(l.h, place{l.user, worker}, d) })
	if err != nil {
		return fmt.Errorf("cannot use the program's own socket for listener %q: %w", l.name, err)
	}
	return nil
}

func (r *Registry) join(h *held, at place, d *fdpass.Descriptor) error {
	for _, m := range h.membersAt(at) {
		if fdpass.SameDescription(m.socket.Descriptor(), d) {
			return nil
		}
	}
	if err := r.canJoin(h, at); err != nil {
		return err
	}
	dup, err := d.Dup()
	if err != nil {
		return err
	}
	m, err := r.announceMember(h, at)
	if err != nil {
		_ = dup.Close()
		return err
	}
	m.own = true
	if err := r.admitOwn(h, m, dup); err != nil {
		h.steered.opening = nil
		r.letGo(m.key)
		return err
	}
	r.attend(m, at)
	return r.resteer(h)
}

// admitOwn has the vault hold the program's socket before it listens: what a later process finds there listens or has never done so.
func (r *Registry) admitOwn(h *held, m *member, d *fdpass.Descriptor) (err error) {
	if r.vault != nil {
		if err := r.vault.Hold(m.key, d); err != nil {
			_ = d.Close()
			return fmt.Errorf("it cannot be kept for a later process: %w", err)
		}
	}
	spec := h.socket.Spec()
	spec.Address = h.address
	if m.socket, err = fdpass.Join(spec, d); err != nil {
		return err
	}
	return r.include(h, m)
}
