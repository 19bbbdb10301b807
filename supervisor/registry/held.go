package registry

import (
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// held is an open listener and what is known of those who use it.
type held struct {
	socket  *fdpass.Socket
	name    string
	sharing string

	users   map[User]int // number of leases of each generation
	workers []*worker    // living, in the order they were started
	recent  []*worker    // ready since the last recheck
	recheck *time.Timer  // nil before the first
	repair  *time.Timer  // nil before the first

	before   *fdpass.Spec // during Commit: what to put back
	backlog  int          // that the kernel granted; -1 unknown
	warnings []string     // already logged
	flag     flag
	restored time.Time // last repair that a kernel event led to
	said     [numDamages]saying

	telling bool // Options.Replaced is running
	again   bool // it must run once more
}

// hold makes a held of a socket that has just been opened or restored, and begins to watch it.
func (r *Registry) hold(s *fdpass.Socket, name, sharing string) *held {
	h := &held{socket: s, name: name, sharing: sharing, users: map[User]int{}, backlog: -1}
	if state, err := s.State(); err == nil {
		h.backlog = state.Backlog
		h.flag.start, h.flag.want = state.Nonblocking, state.Nonblocking
	}
	r.bySocket[s] = h
	r.watch(h)
	return h
}

func (r *Registry) watch(h *held) {
	if err := r.watcher.Add(h.socket); err != nil {
		r.log.Warn("listener is watched at worker events only", "listener", h.name, "error", err)
	}
}

// drop closes h for good.
func (r *Registry) drop(h *held) error {
	for _, t := range []*time.Timer{h.recheck, h.repair} {
		if t != nil {
			t.Stop()
		}
	}
	r.watcher.Remove(h.socket)
	delete(r.bySocket, h.socket)
	return h.socket.Close()
}

// measure remembers the backlog that the kernel granted, the value that later checks compare with.
func (h *held) measure() {
	if state, err := h.socket.State(); err == nil {
		h.backlog = state.Backlog
	}
}

// cutShort is whether the kernel would now grant more than it did, because net.core.somaxconn has been raised since.
func (h *held) cutShort() bool {
	if !listens(h.socket.Address()) || h.backlog < 0 {
		return false
	}
	possible := fdpass.SystemMaxBacklog()
	if configured := h.socket.Spec().Backlog; configured > 0 {
		possible = min(possible, configured)
	}
	return h.backlog < possible
}

// leased is whether some generation still has h.
func (h *held) leased() bool { return len(h.users) > 0 }

// listens is whether listen(2) exists for an address: datagram sockets and fifos have no queue of connections.
func listens(a fdpass.Address) bool {
	switch a.Network {
	case "udp", "udp4", "udp6", "unixgram", "fifo":
		return false
	}
	return true
}
