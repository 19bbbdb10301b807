package registry

import (
	"errors"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// held is an open listener: its sockets, and who has leases on them.
type held struct {
	key     string // by which leases know it, under every name; its first socket had it in the vault
	name    string
	sharing string

	*member           // the socket that stands for the listener: the only one with sharing "all"
	members []*member // all of them

	address fdpass.Address // the real one, fixed
	asked   fdpass.Address // the configured one, fixed
	steered *steered       // nil with sharing "all"

	users     map[User]int // number of leases of each generation
	warnings  []string     // already logged
	lent      bool         // to programs outside, since this process began
	paused    bool         // by Hold
	given     string       // name in the vault of the given descriptor that it was made of; "" when the vault has dropped it
	takenFrom string       // who had it open before; "" when nobody
	extra     extra        // of the ledger

	telling bool // Options.Replaced is running
	again   bool // it must run once more
}

// newHeld makes a held of a socket that has just been opened or taken over.
func newHeld(s *fdpass.Socket, key, name, sharing string) *held {
	h := &held{key: key, name: name, sharing: sharing, address: s.Address(), asked: s.Spec().Address, users: map[User]int{}}
	h.member = newMember(h, s, key)
	h.members = []*member{h.member}
	return h
}

// configured is what h was last configured to be.
func (h *held) configured() fdpass.Spec {
	spec := h.socket.Spec()
	spec.Address = h.asked
	return spec
}

// drop closes h for good, here first: when this process is killed in between the next one finds it in the vault.
func (r *Registry) drop(h *held) error {
	errs := []error{h.steered.close()}
	for _, m := range h.members {
		r.unwatch(m)
		errs = append(errs, m.socket.Close())
		r.letGo(m.key)
	}
	return errors.Join(errs...)
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
