package registry

import (
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// closeStrays closes what the process before opened for a change that it did not commit, or did not come to close. Only
// what an item is to become stays: nobody else has a use for it, and it may be in the way of a new listener.
func (r *Registry) closeStrays(items []*item) {
	if !r.replaying {
		return
	}
	useful := map[*held]bool{}
	for _, i := range items {
		if i.old == nil {
			continue
		}
		fits := len(fdpass.NeedsReopen(i.old.configured(), i.spec)) == 0
		useful[i.old] = fits || i.old.leased() || !slices.Contains(r.removed, i.old)
		if !useful[i.old] {
			i.old = nil
		}
	}
	r.removed = slices.DeleteFunc(r.removed, func(h *held) bool {
		stray := !useful[h] && !h.leased()
		if stray {
			r.closeRemoved(h)
		}
		return stray
	})
}

// settle ends the replay: all workers are known, so what happened while nobody looked can be judged and put right.
func (r *Registry) settle(c *Change) {
	if !r.replaying {
		return
	}
	r.replaying, r.settling, r.dirty = false, true, true
	for u := range r.promoted {
		if len(r.leases[u]) == 0 {
			delete(r.promoted, u)
		}
	}
	staying := map[*held]bool{}
	for _, i := range c.items {
		staying[i.old] = true
	}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		if staying[h] || h.leased() {
			r.settleOne(h)
		}
	}
}

func (r *Registry) settleOne(h *held) {
	for _, m := range h.members {
		r.settleMember(m)
	}
	r.resume(h)
	if h.stranded() {
		r.announce(h)
	}
}

func (r *Registry) settleMember(m *member) {
	r.elect(m)
	_, _ = r.check(m, nil) // what is wrong has been logged
	if len(m.workers) > 0 {
		r.recheckLater(m, nil)
	}
	var err error
	switch paused := m.socket.Paused(); {
	case m.of.paused && !paused:
		err = m.socket.Pause()
	case !m.of.paused && paused:
		err = m.socket.Resume()
	}
	if err != nil {
		r.log.Error("cannot make listener as it was", "listener", m.of.name, "held", m.of.paused, "error", err)
	}
}

// stranded is whether some service has h only in generations with a dead socket: the process before ended between
// Options.Replaced and the rollout that it asks for.
func (h *held) stranded() bool {
	served := map[string]bool{}
	for u := range h.users {
		dead := slices.ContainsFunc(h.members, func(m *member) bool { return slices.Contains(m.outdated, u) })
		served[u.Service] = served[u.Service] || !dead
	}
	for _, ok := range served {
		if !ok {
			return true
		}
	}
	return false
}

// settled sends the announcements that had to wait until the listeners have their new names.
func (r *Registry) settled() {
	if !r.settling {
		return
	}
	r.settling = false
	for _, h := range r.listeners {
		if h.again && !h.telling {
			h.again = false
			r.announce(h)
		}
	}
}
