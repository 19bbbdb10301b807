package registry

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// steered is what a listener with a socket for each generation, or worker, has beside its sockets: who gets new connections.
type steered struct {
	group   *steer.Group
	current User    // new connections are for its sockets
	resting bool    // or not even for those: they wait at sockets that belong to nobody
	canary  User    // zero: none
	share   float64 // of new connections, to canary
	probes  []*probe
	choice  steer.Choice                     // that the kernel has taken
	shaking map[User]map[netip.AddrPort]bool // handshakes that may be with sockets of a generation that gets nothing new; nil: not looked at yet
	opening *member                          // being opened: in the ledger before it is a socket
	retry   *time.Timer                      // nil before the first
	pause   time.Duration                    // before the last retry; 0 when the kernel has taken everything
}

// probe is connections from one address that are for one socket.
type probe struct {
	from netip.AddrPort
	to   *member
}

// steers is whether a kind of sharing means more than one socket.
func steers(sharing string) bool { return sharing == "generation" || sharing == "worker" }

// steering begins to steer the sockets of h, in the order in which they listen. Nothing is attached before the first choice.
func (r *Registry) steering(h *held, order ...steer.Member) error {
	if r.steerKind == steer.None {
		r.steerKind = r.best()
	}
	if r.steerKind == steer.None {
		return fmt.Errorf("cannot have sharing = %q for listener %q: this system, or this user, cannot say which socket gets a connection (supervise doctor tells what is missing)", h.sharing, h.name)
	}
	group, err := steer.Open(r.steerKind, order)
	if err != nil {
		return fmt.Errorf("cannot steer connections of listener %q: %w", h.name, err)
	}
	if h.steered == nil {
		h.steered = &steered{}
	}
	h.steered.group = group
	return nil
}

// steeringNew begins to steer a listener that has just been opened, if its sharing asks for that.
func (r *Registry) steeringNew(h *held) error {
	if !steers(h.sharing) || h.steered != nil {
		return nil
	}
	return r.steering(h, h.member.steer())
}

// steeringOn is steeringNew where a listener is open and has to stay so.
func (r *Registry) steeringOn(h *held) {
	if err := r.steeringNew(h); err != nil {
		r.log.Error("listener goes on with one socket for all generations", "listener", h.name, "error", err)
	}
}

// steeringStill is steering where a process before this one has steered: what it attached stays in force. Where that cannot be changed
// now, perhaps because this process is short of descriptors, classic programs need nothing to begin with, and are tried until the kernel
// takes them.
func (r *Registry) steeringStill(h *held, order []steer.Member) {
	err := r.steering(h, order...)
	if err == nil {
		return
	}
	r.log.Error("connections of a listener go where they went before until they can be steered", "listener", h.name, "error", err)
	h.steered.group, _ = steer.Open(steer.Classic, nil) // it has nothing that could fail
	for _, m := range order {
		if err := h.steered.group.Join(m); err != nil {
			r.log.Error("cannot steer connections to a socket", "listener", h.name, "error", err)
		}
	}
}

// close gives up what steers; what is attached to sockets stays.
func (s *steered) close() error {
	if s == nil || s.group == nil {
		return nil
	}
	return s.group.Close()
}

func (m *member) steer() steer.Member {
	return steer.Member{Key: m.key, Descriptor: m.socket.Descriptor()}
}

// resume puts right who has which socket of h, after a change or a process before this one, and steers. One socket that all had so far
// is that of the generation which serves.
func (r *Registry) resume(h *held) {
	if h.steered == nil || r.replaying {
		return
	}
	s := h.steered
	for _, m := range h.members {
		if m.user != (User{}) && h.users[m.user] == 0 {
			m.user = User{}
		}
	}
	if u := r.serving(h); s.current == (User{}) && len(h.members) == 1 && h.member.user == (User{}) && u != (User{}) && !s.resting {
		h.member.user, s.current = u, u
	}
	r.dirty = true
	r.resteered(h)
}

// serving is the generation that was promoted last of those that have leases on h, or any of them.
func (r *Registry) serving(h *held) (best User) {
	for _, u := range sortedUsers(h.users) {
		if best == (User{}) || r.promoted[u] > r.promoted[best] {
			best = u
		}
	}
	return best
}

// resteer has the kernel send new connections where they belong now, and closes sockets that nobody needs.
func (r *Registry) resteer(h *held) error {
	if h.steered == nil || r.replaying || r.closing {
		return nil
	}
	c := h.choose()
	if len(c.Current) == 0 || reflect.DeepEqual(c, h.steered.choice) {
		r.tidy(h)
		return nil
	}
	if err := h.steered.group.Steer(c); err != nil {
		if len(h.members) == 1 {
			return nil // one that others were not meant to listen beside: the kernel takes it with the second one
		}
		return fmt.Errorf("cannot steer connections of listener %q: %w", h.name, err)
	}
	before := h.steered.choice
	h.steered.choice, h.steered.pause = c, 0
	if before.Probes, c.Probes = nil, nil; reflect.DeepEqual(c, before) {
		return nil // a check comes or goes: that is not kept, and nothing to tell
	}
	r.dirty = true
	r.log.Debug("listener steered", "listener", h.name, "to", c.Current, "canary", c.Canary, "share", c.Share)
	r.tidy(h)
	return nil
}

// resteered is resteer where nobody can be told that it failed: it is tried again.
func (r *Registry) resteered(h *held) {
	if err := r.resteer(h); err != nil {
		r.log.Error("new connections go where they went before", "listener", h.name, "error", err)
		r.again(h)
	}
}

// retryMost is the longest time between two tries to have the kernel do what it has refused.
const retryMost = time.Minute

// again steers h again in a while, each time a longer one until the kernel takes it.
func (r *Registry) again(h *held) {
	s := h.steered
	s.pause = min(max(2*s.pause, r.between), retryMost)
	r.after(h.member, &s.retry, s.pause, func() { r.resteered(h) })
}

// choose says who gets new connections: the current generation; where it has no socket those that belong to nobody; where there is
// none either, who got them before.
func (h *held) choose() steer.Choice {
	s := h.steered
	joined := h.named(s.group.Order()) // or else it does not listen
	before := common(h.named(s.choice.Current), joined)
	var to []*member
	if !s.resting {
		to = common(h.membersOf(s.current), joined)
	}
	if len(to) == 0 {
		free := common(h.membersOf(User{}), joined)
		if to = common(free, before); len(to) == 0 {
			to = free
		}
	}
	if len(to) == 0 {
		to = before
	}
	if len(to) == 0 {
		to = joined[:min(1, len(joined))]
	}
	c := steer.Choice{Current: keys(liveliest(to))}
	if canary := common(h.membersOf(s.canary), joined); s.canary != (User{}) && len(canary) > 0 {
		c.Canary, c.Share = keys(liveliest(canary)), s.share
	}
	for _, p := range s.probes {
		if slices.Contains(joined, p.to) {
			c.Probes = append(c.Probes, steer.Probe{From: p.from, To: p.to.key})
		}
	}
	return c
}

// membersOf gives the sockets of a generation, or those that belong to nobody.
func (h *held) membersOf(u User) []*member {
	var list []*member
	for _, m := range h.members {
		if m.user == u {
			list = append(list, m)
		}
	}
	return list
}

// membersAt gives the sockets of one worker of a generation.
func (h *held) membersAt(at place) []*member {
	return slices.DeleteFunc(h.membersOf(at.user), func(m *member) bool { return m.worker != h.place(at.index) })
}

// place is the number by which the sockets of a worker are known.
func (h *held) place(worker int) int {
	if h.sharing == "worker" {
		return worker
	}
	return 0
}

func (h *held) named(keys []string) []*member {
	return slices.DeleteFunc(slices.Clone(h.members), func(m *member) bool { return !slices.Contains(keys, m.key) })
}

func common(a, b []*member) []*member {
	return slices.DeleteFunc(slices.Clone(a), func(m *member) bool { return !slices.Contains(b, m) })
}

func keys(list []*member) []string {
	var names []string
	for _, m := range list {
		names = append(names, m.key)
	}
	slices.Sort(names)
	return names
}

// liveliest leaves out sockets of workers that are down, or on their way out, where others live: a queue that nobody serves is the
// last resort.
func liveliest(list []*member) []*member {
	best := 0
	for _, m := range list {
		best = max(best, m.liveliness())
	}
	return slices.DeleteFunc(slices.Clone(list), func(m *member) bool { return m.liveliness() < best })
}

func (m *member) liveliness() int {
	best := 0
	for _, w := range m.workers {
		switch w.phase {
		case Ready:
			return 2
		case Started:
			best = 1
		}
	}
	return best
}
