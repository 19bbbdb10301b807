package registry

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/diag"
)

// ErrNotSteered is the reason, by errors.Is, when a listener has one socket for all generations (sharing "all"), so that nobody
// can say whom a connection reaches.
var ErrNotSteered = errors.New(`it has one socket for all generations (sharing = "all")`)

// Promote has new connections go to the sockets of u from now on, and ends a canary. A second time nothing happens, and nothing ever
// does to listeners with sharing "all". It is for going back to an earlier generation as well. What the kernel refuses is tried again
// until something else is told: Promote the generation before, when that is not wanted after an error.
func (r *Registry) Promote(u User) error {
	return r.turn(u, func(h *held) error {
		s := h.steered
		if s.current == u && !s.resting && s.canary == (User{}) {
			return nil
		}
		if s.current != u {
			r.remember(h, s.current)
		}
		s.current, s.resting, s.canary, s.share = u, false, User{}, 0
		delete(s.shaking, u)
		return nil
	})
}

// Canary has that share of new connections, 0 to 1, go to u; 0 ends it.
func (r *Registry) Canary(u User, share float64) error {
	return r.turn(u, func(h *held) error {
		s := h.steered
		if share <= 0 && s.canary == u {
			r.remember(h, u)
			s.canary, s.share = User{}, 0
		} else if share > 0 {
			s.canary, s.share = u, share
			delete(s.shaking, u)
		}
		return nil
	})
}

// Rest has nothing new come to u: until the next Promote new connections wait at a socket that belongs to nobody, and that the next
// generation takes.
func (r *Registry) Rest(u User) error {
	return r.turn(u, func(h *held) error {
		s := h.steered
		if s.canary == u {
			s.canary, s.share = User{}, 0
		}
		if s.current != u || s.resting {
			return nil
		}
		if len(h.membersOf(u)) > 0 && len(h.membersOf(User{})) == 0 {
			if _, err := r.another(h, place{}); err != nil {
				return err
			}
		}
		r.remember(h, u)
		s.resting = true
		return nil
	})
}

// turn changes who gets new connections of every steered listener that u has leases on. That is saved before it is done, and what the
// kernel refuses is tried again: whoever does not want it any more then has to say so.
func (r *Registry) turn(u User, f func(h *held) error) error {
	err := errClosed
	r.do(func() {
		var errs []error
		var turned []*held
		for _, l := range r.leases[u] {
			if h := l.h; h.steered != nil && !slices.Contains(turned, h) {
				turned = append(turned, h)
				errs = append(errs, f(h))
			}
		}
		if len(turned) > 0 {
			r.dirty = true
			r.keep()
		}
		for _, h := range turned {
			failed := r.resteer(h)
			if failed != nil {
				r.again(h)
			}
			errs = append(errs, failed)
		}
		err = errors.Join(errs...)
	})
	return err
}

// Probe has connections from exactly that address and port reach the socket of one worker of u, until end. The error is
// ErrNotSteered for a listener with sharing "all".
func (r *Registry) Probe(u User, worker int, listener string, from netip.AddrPort) (end func(), err error) {
	err = errClosed
	r.do(func() { end, err = r.probe(place{u, worker}, listener, from) })
	if err != nil {
		return nil, fmt.Errorf("cannot reach worker %d of service %q alone on listener %q: %w", worker, u.Service, listener, err)
	}
	return end, nil
}

func (r *Registry) probe(at place, listener string, from netip.AddrPort) (end func(), err error) {
	h := r.leasedAs(at.user, listener)
	if h == nil {
		return nil, errors.New("there is no listener of this name")
	}
	if h.steered == nil {
		return nil, ErrNotSteered
	}
	to := h.membersAt(at)
	if len(to) == 0 {
		return nil, errors.New("it has no socket of its own yet")
	}
	p := &probe{from, to[0]}
	h.steered.probes = append(h.steered.probes, p)
	remove := func() {
		h.steered.probes = slices.DeleteFunc(h.steered.probes, func(other *probe) bool { return other == p })
	}
	if err := r.resteer(h); err != nil {
		remove()
		return nil, err
	}
	return func() { r.do(func() { remove(); r.resteered(h) }) }, nil
}

// Quiet gives the number of connections that wait at the sockets of u, or shake hands with them; 0 when u has no socket of its own.
// Handshakes count that began before the last Promote, Canary or Rest that took new ones from u.
func (r *Registry) Quiet(u User) (waiting int, err error) {
	err = errClosed
	r.do(func() {
		err = nil
		for _, l := range r.leases[u] {
			n, failed := r.waiting(l.h, u)
			waiting, err = waiting+n, errors.Join(err, failed)
		}
	})
	return waiting, err
}

func (r *Registry) waiting(h *held, u User) (int, error) {
	if h.steered == nil {
		return 0, nil
	}
	n := 0
	for _, m := range h.membersOf(u) {
		state, err := m.socket.State()
		if err != nil {
			return n, err
		}
		n += max(state.Queue, 0)
	}
	before, turned := h.steered.shaking[u]
	if !turned || before != nil && len(before) == 0 {
		return n, nil
	}
	now, err := handshakes(h)
	if before == nil && err == nil { // those that began since are counted with them: one round trip more
		before = now
		h.steered.shaking[u] = now
	}
	maps.DeleteFunc(before, func(client netip.AddrPort, _ bool) bool { return !now[client] })
	return n + len(before), err
}

// remember notes that u is about to get nothing new at h: handshakes that have begun there end there, and of those the kernel does not say
// whose they are. The first who asks for them looks at them all: that takes too long for somebody who waits for a turn.
func (r *Registry) remember(h *held, u User) {
	if len(h.membersOf(u)) == 0 || r.replaying {
		return
	}
	if h.steered.shaking == nil {
		h.steered.shaking = map[User]map[netip.AddrPort]bool{}
	}
	h.steered.shaking[u] = nil
}

func handshakes(h *held) (map[netip.AddrPort]bool, error) {
	at, err := addrPort(h.address)
	if err != nil {
		return nil, err
	}
	clients, err := diag.Handshakes(at)
	set := make(map[netip.AddrPort]bool, len(clients))
	for _, c := range clients {
		set[c] = true
	}
	return set, err
}

func addrPort(a fdpass.Address) (netip.AddrPort, error) {
	ip, err := netip.ParseAddr(a.Host)
	return netip.AddrPortFrom(ip, uint16(a.Port)), err
}
