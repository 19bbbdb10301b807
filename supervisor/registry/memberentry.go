package registry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// steeredEntry is a steered in the ledger.
type steeredEntry struct {
	Current User          `json:"current,omitzero"`
	Resting bool          `json:"resting,omitempty"`
	Canary  User          `json:"canary,omitzero"`
	Share   float64       `json:"share,omitempty"`
	Members []memberEntry `json:"members"` // in the kernel's order, then those that do not listen yet or any more
}

// memberEntry is a member of a listener that is steered.
type memberEntry struct {
	Key      string          `json:"key"`
	Socket   fdpass.Identity `json:"socket"`
	User     User            `json:"user,omitzero"`
	Worker   int             `json:"worker,omitempty"`
	Own      bool            `json:"own,omitempty"`
	Backlog  int             `json:"backlog"`
	Flag     flagEntry       `json:"flag"`
	Outdated []User          `json:"outdated,omitempty"`
}

// entry gives what a process after this one has to know; nil with sharing "all".
func (s *steered) entry(h *held) *steeredEntry {
	if s == nil {
		return nil
	}
	e := &steeredEntry{Current: s.current, Resting: s.resting, Canary: s.canary, Share: s.share}
	order := s.group.Order()
	for _, key := range order {
		for _, m := range h.named([]string{key}) {
			e.Members = append(e.Members, m.entry())
		}
	}
	for _, m := range h.members {
		if !slices.Contains(order, m.key) {
			e.Members = append(e.Members, m.entry())
		}
	}
	if s.opening != nil {
		e.Members = append(e.Members, s.opening.entry())
	}
	return e
}

func (m *member) entry() memberEntry {
	e := memberEntry{Key: m.key, User: m.user, Worker: m.worker, Own: m.own, Backlog: m.backlog, Flag: m.flag.entry(), Outdated: m.outdated}
	if m.socket != nil {
		e.Socket = m.socket.Identity()
	} else {
		e.Socket.Spec = m.of.socket.Spec()
		e.Socket.Spec.Address = m.of.address
	}
	return e
}

func (e *steeredEntry) check(next int) error {
	if len(e.Members) == 0 {
		return errors.New("it has no socket")
	}
	if !(e.Share >= 0 && e.Share <= 1) {
		return fmt.Errorf("its canary has a share of %v", e.Share)
	}
	for _, m := range e.Members {
		if !isKey(m.Key, next) {
			return fmt.Errorf("%q is no key of a listener", m.Key)
		}
		if m.Backlog < -1 || m.Worker < 0 {
			return fmt.Errorf("the backlog of %s is %d, its worker %d", m.Key, m.Backlog, m.Worker)
		}
	}
	return nil
}

// takeMembers makes the held of a steered listener again, with those of its sockets that are there.
func (r *Registry) takeMembers(e entry, take func(string) *fdpass.Descriptor) (*held, error) {
	h := &held{key: e.Key, name: e.Name, sharing: e.Sharing, asked: e.Socket.Spec.Address, users: map[User]int{}, steered: e.Steered.steered()}
	order := slices.Clone(e.Steered.Members)
	for _, me := range e.Steered.Members {
		m := r.takeMember(h, me, take(me.Key))
		if m == nil {
			order = without(order, me.Key)
			continue
		}
		h.members = append(h.members, m)
		if state, err := m.socket.State(); err != nil || !state.Listening {
			order = without(order, me.Key)
		}
	}
	if len(h.members) == 0 {
		if !e.Configured {
			return nil, nil // it was being closed
		}
		return nil, errors.New("none of its sockets is among the descriptors that were kept")
	}
	h.member, h.address = h.members[0], h.members[0].socket.Address()
	members := make([]steer.Member, len(order))
	for i, me := range order {
		members[i] = h.named([]string{me.Key})[0].steer()
	}
	e.fill(h)
	r.steeringStill(h, members)
	return h, nil
}

// without follows the kernel: the last member moves into the place of one that leaves.
func without(order []memberEntry, key string) []memberEntry {
	i := slices.IndexFunc(order, func(e memberEntry) bool { return e.Key == key })
	last := len(order) - 1
	order[i] = order[last]
	return order[:last]
}

// takeMember makes a member again; nil when it was never opened, or was being closed. It owns d.
func (r *Registry) takeMember(h *held, e memberEntry, d *fdpass.Descriptor) *member {
	if d == nil {
		return nil
	}
	s, err := fdpass.Recover(e.Socket, d)
	if err != nil {
		r.log.Error("socket of a listener is lost", "listener", h.name, "error", err)
		r.undropped = append(r.undropped, e.Key)
		return nil
	}
	m := &member{of: h, key: e.Key, socket: s, user: e.User, worker: e.Worker, own: e.Own, backlog: e.Backlog, flag: e.Flag.flag(), outdated: e.Outdated}
	state, err := s.State()
	if unborn := e.Own && e.Backlog < 0; err == nil && !state.Listening && (e.User == (User{}) || unborn) {
		_ = s.Close()
		r.undropped = append(r.undropped, e.Key)
		return nil
	}
	if e.Backlog < 0 {
		m.measure()
	}
	return m
}

func (e *steeredEntry) steered() *steered {
	return &steered{current: e.Current, resting: e.Resting, canary: e.Canary, share: e.Share}
}
