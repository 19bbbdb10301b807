package registry

import (
	"fmt"
	"slices"
	"sync"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// User is a generation of a service, the one who leases listeners.
type User struct {
	Service    string `json:"service"`
	Generation int    `json:"generation"`
}

// Lease keeps a listener open for a generation, also when the configuration no longer names it.
type Lease struct {
	r       *Registry
	h       *held
	user    User
	name    string // at the time of Acquire; a reload may rename the listener
	release sync.Once
}

// LeaseState is what a process after this one needs to have the same lease: Reacquire.
type LeaseState struct {
	Name string `json:"name"` // that the listener was acquired by
	Key  string `json:"key"`  // that the listener keeps under every name, like "listener/7"
}

// Acquire leases the named listeners for a generation, in the order of names; all of them or none. The caller releases
// each lease once no worker of the generation is left.
func (r *Registry) Acquire(names []string, user User) ([]*Lease, error) {
	var leases []*Lease
	err := errClosed
	r.do(func() { leases, err = r.acquire(names, user) })
	if err != nil {
		return nil, fmt.Errorf("cannot give generation %d of service %q its listeners: %w", user.Generation, user.Service, err)
	}
	return leases, nil
}

func (r *Registry) acquire(names []string, user User) ([]*Lease, error) {
	leases := make([]*Lease, 0, len(names))
	for _, name := range names {
		h := r.byName[name]
		if h == nil {
			return nil, fmt.Errorf("there is no listener %q", name)
		}
		leases = append(leases, &Lease{r: r, h: h, user: user, name: name})
	}
	r.lease(user, leases)
	return leases, nil
}

func (r *Registry) lease(user User, leases []*Lease) {
	for _, l := range leases {
		l.h.users[user]++
	}
	r.leases[user] = append(r.leases[user], leases...)
}

// Name is the name that the listener was acquired by.
func (l *Lease) Name() string { return l.name }

// State identifies the lease for Reacquire. It is the same as long as the lease lasts.
func (l *Lease) State() LeaseState { return LeaseState{l.name, l.h.key} }

// Socket gives the leased socket. The registry owns it; it is open until Release or the registry's Close. Take its Descriptor anew
// for each worker: after a repair it may be another one. With sharing "generation" and "worker" it is one of several, to look at;
// Open gives those that are for workers.
func (l *Lease) Socket() *fdpass.Socket {
	var s *fdpass.Socket
	l.r.do(func() {
		s = l.h.socket
		if l.h.steered != nil && len(l.h.membersOf(l.user)) > 0 {
			s = l.h.membersOf(l.user)[0].socket
		}
	})
	if s == nil {
		s = l.h.socket // after Close nothing changes any more
	}
	return s
}

// Release ends the lease. When it was the last one of a removed listener, that is closed before Release returns.
// A second Release does nothing.
func (l *Lease) Release() {
	l.release.Do(func() { l.r.do(func() { l.r.end(l) }) })
}

func (r *Registry) end(l *Lease) {
	rest := slices.DeleteFunc(r.leases[l.user], func(other *Lease) bool { return other == l })
	r.leases[l.user] = rest
	if len(rest) == 0 {
		delete(r.leases, l.user)
		delete(r.promoted, l.user)
		r.dirty = true
	}
	h := l.h
	if h.users[l.user]--; h.users[l.user] == 0 {
		delete(h.users, l.user)
		for _, m := range h.members {
			r.dirty = r.dirty || len(m.outdated) > 0
			m.outdated = slices.DeleteFunc(m.outdated, func(u User) bool { return u == l.user })
		}
		r.free(h, l.user)
	}
	i := slices.Index(r.removed, h)
	if i < 0 || h.leased() || r.replaying {
		r.resteered(h)
		return
	}
	r.removed = slices.Delete(r.removed, i, i+1)
	r.closeRemoved(h)
}

// socketsOf gives the sockets that a worker has of the listener that its generation acquired by name.
func (r *Registry) socketsOf(at place, name string) []*member {
	h := r.leasedAs(at.user, name)
	switch {
	case h == nil:
		return nil
	case h.steered == nil:
		return h.members
	}
	return h.membersAt(at)
}

// leasedAs finds the listener that a generation acquired by name; names of later reloads are not its own.
func (r *Registry) leasedAs(user User, name string) *held {
	for _, l := range r.leases[user] {
		if l.name == name {
			return l.h
		}
	}
	return r.byName[name]
}
