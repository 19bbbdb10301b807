package registry

import (
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// member is one open socket of a listener, and what is known of those who use it. With sharing "all" a listener has one.
type member struct {
	of     *held
	key    string // of the vault
	socket *fdpass.Socket

	workers []*worker   // living, in the order they were started
	recent  []*worker   // ready since the last recheck
	recheck *time.Timer // nil before the first
	repair  *time.Timer // nil before the first
	lending *time.Timer // nil before the first

	before   *fdpass.Spec // during Commit: what to put back
	backlog  int          // that the kernel granted; -1 unknown
	flag     flag
	restored time.Time // last repair that a kernel event led to
	said     [numDamages]saying
	unheld   bool   // the vault could not take the present descriptor
	outdated []User // have a socket that is dead

	// of a listener that is steered
	user    User        // whose it is; zero: nobody's
	worker  int         // of user, with sharing "worker"
	own     bool        // the worker's program has made it
	leaving time.Time   // since when it waits to be closed
	closing *time.Timer // nil before the first
}

// newMember makes a member of a socket that has just been opened or taken over.
func newMember(h *held, s *fdpass.Socket, key string) *member {
	m := &member{of: h, key: key, socket: s, backlog: -1}
	if state, err := s.State(); err == nil {
		m.backlog = state.Backlog
		m.flag.start, m.flag.want = state.Nonblocking, state.Nonblocking
	}
	return m
}

// enrol begins to watch m.
func (r *Registry) enrol(m *member) {
	r.bySocket[m.socket] = m
	r.watch(m)
}

func (r *Registry) watch(m *member) {
	if err := r.watcher.Add(m.socket); err != nil {
		r.log.Warn("listener is watched at worker events only", "listener", m.of.name, "error", err)
	}
}

func (r *Registry) unwatch(m *member) {
	for _, t := range []*time.Timer{m.recheck, m.repair, m.lending, m.closing} {
		if t != nil {
			t.Stop()
		}
	}
	r.watcher.Remove(m.socket)
	delete(r.bySocket, m.socket)
}

// measure remembers the backlog that the kernel granted, the value that later checks compare with.
func (m *member) measure() {
	if state, err := m.socket.State(); err == nil {
		m.backlog = state.Backlog
	}
}

// cutShort is whether the kernel would now grant more than it did, because net.core.somaxconn has been raised since.
func (m *member) cutShort() bool {
	if !listens(m.socket.Address()) || m.backlog < 0 {
		return false
	}
	possible := fdpass.SystemMaxBacklog()
	if configured := m.socket.Spec().Backlog; configured > 0 {
		possible = min(possible, configured)
	}
	return m.backlog < possible
}
