package registry

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// reconfigure applies what differs to the open listeners: all or none.
func reconfigure(items []*item) error {
	for _, m := range membersOf(items) {
		m.before = nil
	}
	for _, i := range items {
		if i.old == nil {
			continue
		}
		for _, m := range i.old.members {
			if err := m.reconfigure(i.spec); err != nil {
				// The one that failed may have applied some of its attributes, so it is put back as well.
				return i.located(errors.Join(err, putBack(items)))
			}
		}
	}
	return nil
}

// membersOf gives the sockets of the open listeners among items.
func membersOf(items []*item) (list []*member) {
	for _, i := range items {
		if i.old != nil {
			list = append(list, i.old.members...)
		}
	}
	return list
}

// putBack undoes reconfigure.
func putBack(items []*item) (err error) {
	for _, m := range slices.Backward(membersOf(items)) {
		err = errors.Join(err, m.putBack())
	}
	return err
}

// reconfigure makes the socket what spec says and remembers what it was, for putBack.
func (m *member) reconfigure(spec fdpass.Spec) error {
	before := m.socket.Spec()
	spec.Address = before.Address
	if reflect.DeepEqual(before, spec) && !m.cutShort() {
		return nil
	}
	m.before = &before
	err := m.socket.Reconfigure(spec)
	m.measure()
	return err
}

func (m *member) putBack() error {
	if m.before == nil {
		return nil
	}
	before := *m.before
	m.before = nil
	err := m.socket.Reconfigure(before)
	m.measure()
	if err != nil {
		return fmt.Errorf("cannot put listener %q back to what it was: %w", m.of.name, err)
	}
	return nil
}

// adopt makes the items the configured listeners.
func (r *Registry) adopt(items []*item) {
	old := r.listeners
	r.listeners = make([]*held, 0, len(items))
	clear(r.byName)
	r.addresses = nil
	for _, i := range items {
		h := i.old
		if h == nil {
			h = r.admit(i)
		} else {
			r.renew(h, i)
		}
		r.warn(h)
		r.listeners = append(r.listeners, h)
		r.byName[h.name] = h
	}
	r.removed = slices.DeleteFunc(r.removed, func(h *held) bool {
		stray := r.byName[h.name] != h && !h.leased() // of a process before this one
		if stray {
			r.closeRemoved(h)
		}
		return stray || r.byName[h.name] == h
	})
	for _, h := range old {
		if r.byName[h.name] != h {
			r.remove(h)
		}
	}
}

// admit makes a listener of what Prepare opened.
func (r *Registry) admit(i *item) *held {
	h := i.admitted
	r.enrol(h.member)
	r.resteered(h)
	if i.quieted {
		if err := i.fresh.Resume(); err != nil {
			r.log.Error("cannot let clients in to listener", "listener", h.name, "error", err)
		}
	}
	if i.taken.who != "" {
		r.keepPath(h)
		r.log.Info("listener taken over", "listener", h.name, "address", i.fresh.Address().String(), "from", h.takenFrom, "backlog", h.backlog)
		return h
	}
	if i.absent != nil {
		r.log.Warn("listener not taken over, opened instead", "listener", h.name, "from", i.from.String(), "error", i.absent)
	}
	r.log.Info("listener open", "listener", h.name, "address", i.fresh.Address().String(), "backlog", shownBacklog(h.backlog), "given", i.given.Descriptor != nil)
	if i.given.Descriptor != nil {
		r.useGiven(h, i.given)
	}
	return h
}

// renew takes over what Reconfigure has made of a listener that stays open.
func (r *Registry) renew(h *held, i *item) {
	if h.name != i.spec.Name {
		r.log.Info("listener renamed", "listener", i.spec.Name, "was", h.name)
	}
	h.name, h.sharing = i.spec.Name, i.sharing
	r.steeringOn(h)
	r.resume(h)
	if h.given != "" { // opened by a process before this one, for a change that it could not commit
		r.letGoGiven(h)
	}
}

// remove closes a listener that is no longer configured, at once or with its last lease.
func (r *Registry) remove(h *held) {
	if !h.leased() {
		r.closeRemoved(h)
		return
	}
	r.log.Info("listener removed, open until the last generation that has it is gone", "listener", h.name, "address", h.socket.Address().String())
	r.removed = append(r.removed, h)
}

func (r *Registry) closeRemoved(h *held) {
	address := h.socket.Address().String()
	if err := r.drop(h); err != nil {
		r.log.Error("cannot close listener", "listener", h.name, "address", address, "error", err)
		return
	}
	r.log.Info("listener closed", "listener", h.name, "address", address)
}

// warn logs what the kernel did otherwise than configured, once for each change of it.
func (r *Registry) warn(h *held) {
	now := h.socket.Warnings()
	for _, w := range now {
		if !slices.Contains(h.warnings, w) {
			r.log.Warn("listener is not quite as configured", "listener", h.name, "warning", w)
		}
	}
	h.warnings = now
}

// shownBacklog is a backlog for people; some systems do not tell it.
func shownBacklog(n int) any {
	if n < 0 {
		return "unknown"
	}
	return n
}
