package registry

import (
	"errors"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// A socket that belongs to nobody and gets nothing new is closed as soon as nobody waits at it. Where the kernel moves those who wait
// to another socket that is at once; else handshakes may take a moment to end, and what waits then has nobody who accepts it.
const (
	leavePause = 200 * time.Millisecond // between two looks
	leaveAfter = 3 * time.Second        // it is closed whoever waits
)

// tidy closes the sockets of h that nobody needs.
func (r *Registry) tidy(h *held) {
	for _, m := range h.membersOf(User{}) {
		if len(h.members) > 1 && !slices.Contains(h.steered.choice.Current, m.key) && len(h.steered.choice.Current) > 0 {
			r.leave(m)
		}
	}
}

func (r *Registry) leave(m *member) {
	h := m.of
	state, err := m.socket.State()
	lost := 0
	if err == nil && state.Listening && !h.steered.group.Migrates() {
		lost = max(state.Queue, 0)
		if m.leaving.IsZero() {
			m.leaving = time.Now()
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
	}
	if lost > 0 {
		r.log.Warn("connections were lost that waited at a socket whose workers are gone", "listener", h.name, "connections", lost,
			"advice", "sysctl -w net.ipv4.tcp_migrate_req=1, or run supervise with CAP_BPF and CAP_NET_ADMIN")
	}
}

// closeMember takes m out of the kernel's group, also where a worker's process has it open still, and closes it.
func (r *Registry) closeMember(m *member) error {
	h := m.of
	r.unwatch(m)
	err := h.steered.group.Leave(m.key)
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
