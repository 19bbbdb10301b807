package registry

import (
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// held is an open listener and what is known of those who use it.
type held struct {
	key     string // of the vault
	socket  *fdpass.Socket
	name    string
	sharing string

	users   map[User]int // number of leases of each generation
	workers []*worker    // living, in the order they were started
	recent  []*worker    // ready since the last recheck
	recheck *time.Timer  // nil before the first
	repair  *time.Timer  // nil before the first
	lending *time.Timer  // nil before the first
	lent    bool         // to programs outside, since this process began

	before   *fdpass.Spec // during Commit: what to put back
	backlog  int          // that the kernel granted; -1 unknown
	warnings []string     // already logged
	flag     flag
	restored time.Time // last repair that a kernel event led to
	said     [numDamages]saying

	paused    bool   // by Hold
	given     string // name in the vault of the given descriptor that it was made of; "" when the vault has dropped it
	takenFrom string // who had it open before; "" when nobody
	unheld    bool   // the vault could not take the present descriptor
	outdated  []User // have a socket that is dead
	extra     extra  // of the ledger

	telling bool // Options.Replaced is running
	again   bool // it must run once more
}

// newHeld makes a held of a socket that has just been opened or taken over.
func newHeld(s *fdpass.Socket, key, name, sharing string) *held {
	h := &held{key: key, socket: s, name: name, sharing: sharing, users: map[User]int{}, backlog: -1}
	if state, err := s.State(); err == nil {
		h.backlog = state.Backlog
		h.flag.start, h.flag.want = state.Nonblocking, state.Nonblocking
	}
	return h
}

// enrol begins to watch h.
func (r *Registry) enrol(h *held) {
	r.bySocket[h.socket] = h
	r.watch(h)
}

func (r *Registry) watch(h *held) {
	if err := r.watcher.Add(h.socket); err != nil {
		r.log.Warn("listener is watched at worker events only", "listener", h.name, "error", err)
	}
}

// drop closes h for good, here first: when this process is killed in between the next one finds it in the vault.
func (r *Registry) drop(h *held) error {
	r.unwatch(h)
	err := h.socket.Close()
	r.letGo(h.key)
	return err
}

func (r *Registry) unwatch(h *held) {
	for _, t := range []*time.Timer{h.recheck, h.repair, h.lending} {
		if t != nil {
			t.Stop()
		}
	}
	r.watcher.Remove(h.socket)
	delete(r.bySocket, h.socket)
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
