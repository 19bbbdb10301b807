package registry

import (
	"errors"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// A socket that belongs to nobody and gets nothing new is closed when it has stood for a moment, since one whose handshake is completed
// just then is reset, and nobody waits at it. Where the kernel moves those who wait to another socket they do not count.
const (
	leavePause = 200 * time.Millisecond // before it is closed, and between two looks
	leaveAfter = 3 * time.Second        // it is closed whoever waits
)

// tidy closes the sockets of h that nobody needs.
func (r *Registry) tidy(h *held) {
	for _, m := range slices.Clone(h.members) {
		if h.needs(m) {
			m.leaving = time.Time{}
		} else {
			r.leave(m)
		}
	}
}

// needs is whether m is somebody's, or new connections come to it.
func (h *held) needs(m *member) bool {
	current := h.steered.choice.Current
	return m.user != (User{}) || len(h.members) == 1 || len(current) == 0 || slices.Contains(current, m.key)
}

func (r *Registry) leave(m *member) {
	h := m.of
	state, err := m.socket.State()
	lost := 0
	if m.leaving.IsZero() {
		m.leaving = time.Now()
	}
	if err == nil && state.Listening {
		if !h.steered.group.Migrates() {
			lost = max(state.Queue, 0)
		}
		if since := time.Since(m.leaving); since < r.between || lost > 0 && since < r.atMost {
			r.after(m, &m.closing, r.between, func() { r.resteered(h) })
			return
		}
	}
	if lost == 0 && !h.steered.group.CanLeave(m.key) {
		return // it gets nothing, and goes with the next change
	}
	if err := r.closeMember(m); err != nil {
		r.log.Error("cannot close a socket of a listener", "listener", h.name, "error", err)
		r.again(h)
		return
	}
	if lost > 0 {
		r.log.Warn("connections were lost that waited at a socket whose workers are gone", "listener", h.name, "connections", lost,
			"advice", "sysctl -w net.ipv4.tcp_migrate_req=1, or run supervise with CAP_BPF")
	}
}

// closeMember takes m out of the kernel's group, also where a worker's process has it open still, and closes it. One that cannot leave
// stays as it is.
func (r *Registry) closeMember(m *member) error {
	h := m.of
	err := h.steered.group.Leave(m.key)
	if err != nil && slices.Contains(h.steered.group.Order(), m.key) {
		return err
	}
	h.steered.pause = 0
	if err != nil {
		h.steered.choice = steer.Choice{} // the others may not be steered right: to be done anew
	}
	r.unwatch(m)
	r.dirty = true
	r.keep() // the order in which the others are now; m stays written down until the vault has let go of it
	err = errors.Join(err, m.socket.Close())
	r.letGo(m.key)
	h.members = slices.DeleteFunc(h.members, func(other *member) bool { return other == m })
	if h.member == m {
		h.member = h.members[0]
		r.mirror()
	}
	return err
}

// left puts the group right after a member was shut down by somebody else.
func (r *Registry) left(m *member) {
	if s := m.of.steered; s != nil {
		s.group.Lost(m.key)
		s.choice = steer.Choice{}
		r.dirty = true
	}
}

// rejoin takes a member that listens again back into the group.
func (r *Registry) rejoin(m *member) {
	h := m.of
	if h.steered == nil {
		return
	}
	if state, err := m.socket.State(); err == nil && state.Listening {
		if err := h.steered.group.Join(m.steer()); err != nil {
			r.log.Error("cannot steer connections to a socket that listens again", "listener", h.name, "error", err)
		}
	}
	r.dirty = true
	r.resteered(h)
}

// leasers are the generations that may have m.
func (m *member) leasers() []User {
	if m.of.steered != nil && m.user != (User{}) {
		return []User{m.user}
	}
	return sortedUsers(m.of.users)
}

// free makes the sockets of a generation that has ended belong to nobody.
func (r *Registry) free(h *held, u User) {
	if h.steered == nil {
		return
	}
	for _, m := range h.membersOf(u) {
		m.user = User{}
	}
	if h.steered.canary == u {
		h.steered.canary, h.steered.share = User{}, 0
	}
	delete(h.steered.shaking, u)
	r.dirty = true
}

// abandoned makes the socket of a worker that was told to stop, and is gone, belong to nobody where its generation goes on with others.
func (r *Registry) abandoned(w *worker) {
	for _, m := range w.holds {
		h := m.of
		if h.steered == nil || h.sharing != "worker" || len(m.workers) > 0 || len(h.membersOf(w.user)) < 2 {
			continue
		}
		m.user = User{}
		r.dirty = true
	}
}

// Deserted says that no process of a worker has these of its sockets open any more. While it has others nothing new comes to these, and they
// are closed like those of a generation that has ended. A socket that other workers may have open stays.
func (l *Lease) Deserted(worker int, sockets []*fdpass.Socket) {
	l.r.do(func() { l.r.deserted(l.h, place{l.user, worker}, sockets) })
}

// isOfOthers is whether more than one worker may have m open, or one that is not in this place.
func (m *member) isOfOthers(at place) bool {
	return len(m.workers) > 1 || slices.ContainsFunc(m.workers, func(w *worker) bool { return w.place != at })
}

func (r *Registry) deserted(h *held, at place, sockets []*fdpass.Socket) {
	if h.steered == nil {
		return
	}
	all := h.membersAt(at)
	closed := slices.DeleteFunc(slices.Clone(all), func(m *member) bool { return !slices.Contains(sockets, m.socket) || m.isOfOthers(at) })
	if len(closed) == 0 || len(closed) == len(all) {
		return
	}
	for _, m := range closed {
		m.user = User{}
		for _, w := range m.workers {
			w.holds = slices.DeleteFunc(w.holds, func(other *member) bool { return other == m })
		}
		m.workers, m.recent = nil, nil
	}
	r.log.Info("worker has closed sockets of a listener, others of it get the new connections", "listener", h.name,
		"service", at.user.Service, "generation", at.user.Generation, "worker", at.index, "closed", len(closed), "open", len(all)-len(closed))
	r.dirty = true
	r.resteered(h)
}
