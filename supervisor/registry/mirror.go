package registry

import (
	"maps"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// mirror tells Options.Opened and Closed what has changed. All names that go come first, because a mirror may know one
// socket only once.
func (r *Registry) mirror() {
	if !r.mirrors() {
		return
	}
	now := map[string]*fdpass.Descriptor{}
	for _, h := range r.listeners {
		now[h.name] = h.socket.Descriptor()
	}
	for _, name := range slices.Sorted(maps.Keys(r.mirrored)) {
		if was := r.mirrored[name]; was == nil || was != now[name] {
			delete(r.mirrored, name)
			r.closed(name)
		}
	}
	for _, h := range r.listeners {
		if r.mirrored[h.name] == nil {
			r.mirrored[h.name] = now[h.name]
			r.opened(h.name, now[h.name])
		}
	}
	r.untold = false
	r.dirty = true
}

func (r *Registry) mirrors() bool { return r.opened != nil || r.closed != nil }

// mirroredNames includes those that a change is about to add.
func (r *Registry) mirroredNames() []string {
	if !r.mirrors() {
		return nil
	}
	names := maps.Clone(r.mirrored)
	if r.pending != nil && r.pending.phase == committed {
		for _, i := range r.pending.items {
			names[i.spec.Name] = nil
		}
	}
	return slices.Sorted(maps.Keys(names))
}
