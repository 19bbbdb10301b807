package registry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Listener is one open listener as status shows it.
type Listener struct {
	Name      string
	Address   fdpass.Address // the real one: port 0 resolved
	Sharing   string
	Backlog   Backlog
	Queue     int            // connections waiting to be accepted; -1 when the kernel does not tell
	Paused    bool           // see Hold
	Services  []string       // that have leases on it, sorted
	TakenFrom string         // who had it open before; "" when nobody
	Removed   bool           // no longer configured, open until its last lease is released
	Steering  string         // how the kernel is told which socket gets a new connection: "cbpf", "ebpf"; "" with sharing "all"
	Members   []MemberStatus // its sockets; nil with sharing "all"
}

// MemberStatus is one of several sockets of a listener as status shows it.
type MemberStatus struct {
	User    User    // whose it is; zero: nobody's, connections wait there for the next generation
	Worker  int     // of User, with sharing "worker"
	Queue   int     // connections waiting to be accepted; -1 when the kernel does not tell
	Current bool    // it gets new connections because its generation is the current one, or nobody is
	Share   float64 // of new connections, 0 to 1
	Own     bool    // the worker's program has made it itself
}

// Backlog is the queue length of listen(2), in established connections. Both are 0 where there is none.
type Backlog struct {
	Configured int // "max" is the number it stands for
	Effective  int // that the kernel granted; -1 when it does not tell
}

// Status checks every listener and describes it: the configured ones in the order of the file, then the removed ones.
func (r *Registry) Status() []Listener {
	var list []Listener
	r.do(func() {
		list = make([]Listener, 0, len(r.listeners)+len(r.removed))
		highest := fdpass.SystemMaxBacklog()
		for _, h := range r.listeners {
			list = append(list, r.status(h, highest))
		}
		for _, h := range r.removed {
			l := r.status(h, highest)
			l.Removed = true
			list = append(list, l)
		}
	})
	return list
}

func (r *Registry) status(h *held, highest int) Listener {
	l := Listener{Name: h.name, Address: h.socket.Address(), Sharing: h.sharing, Paused: h.socket.Paused(), Queue: -1, TakenFrom: h.takenFrom}
	for _, m := range slices.Clone(h.members) {
		queue := -1
		if state, err := r.check(m, nil); err == nil {
			queue = state.Queue
			l.Queue = max(l.Queue, queue, l.Queue+queue)
		}
		if h.steered != nil {
			l.Members = append(l.Members, h.steered.status(m, queue))
		}
	}
	if h.steered != nil {
		l.Steering = h.steered.group.Kind().String()
	}
	if listens(l.Address) {
		l.Backlog = Backlog{h.socket.Spec().Backlog, h.backlog}
		if l.Backlog.Configured == 0 {
			l.Backlog.Configured = highest
		}
	}
	for u := range h.users {
		l.Services = append(l.Services, u.Service)
	}
	slices.Sort(l.Services)
	l.Services = slices.Compact(l.Services)
	return l
}

func (s *steered) status(m *member, queue int) MemberStatus {
	c := s.choice
	out := MemberStatus{User: m.user, Worker: m.worker, Queue: queue, Current: slices.Contains(c.Current, m.key), Own: m.own}
	if out.Current {
		out.Share = (1 - c.Share) / float64(len(c.Current))
	}
	if slices.Contains(c.Canary, m.key) {
		out.Share += c.Share / float64(len(c.Canary))
	}
	return out
}

// Hold makes new clients of a TCP listener wait: the kernel drops their first packet and they send it again, nobody is
// refused. Connections that exist are not touched.
func (r *Registry) Hold(name string) error {
	return r.pause(name, "hold", "listener held", (*fdpass.Socket).Pause)
}

// Release ends Hold.
func (r *Registry) Release(name string) error {
	return r.pause(name, "release", "listener released", (*fdpass.Socket).Resume)
}

func (r *Registry) pause(name, verb, done string, f func(*fdpass.Socket) error) error {
	err := errClosed
	r.do(func() {
		if h := r.byName[name]; h != nil {
			err = r.setPaused(h, verb == "hold", f)
		} else {
			err = fmt.Errorf("there is no listener %q", name)
		}
	})
	if failed := (*fdpass.OpenError)(nil); errors.As(err, &failed) {
		// The listener is open: this is no failure to open it, and the sentence has its name and the verb once.
		return fmt.Errorf("cannot %s listener %q at %s: %s", verb, name, failed.Address, failed.Reason())
	}
	if err != nil {
		return fmt.Errorf("cannot %s listener %q: %w", verb, name, err)
	}
	r.log.Info(done, "listener", name)
	return nil
}

// setPaused writes the intention down first: a process that finds a filter without one takes it away.
func (r *Registry) setPaused(h *held, on bool, f func(*fdpass.Socket) error) error {
	was := h.paused
	h.paused, r.dirty = on, true
	r.keep()
	for n, m := range h.members {
		if err := f(m.socket); err != nil {
			h.paused, r.dirty = was, true
			r.pauseAs(h, h.members[:n])
			return err
		}
	}
	return nil
}

// pauseAs undoes for some sockets what failed with another.
func (r *Registry) pauseAs(h *held, list []*member) {
	f := (*fdpass.Socket).Resume
	if h.paused {
		f = (*fdpass.Socket).Pause
	}
	for _, m := range list {
		if err := f(m.socket); err != nil {
			r.log.Error("cannot make listener as it was", "listener", h.name, "held", h.paused, "error", err)
		}
	}
}
