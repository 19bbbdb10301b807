package registry

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// given is a descriptor that this process was started with.
type given struct {
	fdpass.Named
	key string // in the vault; "" when it is not there
}

// choose finds the given descriptor for each new item.
func (c *Change) choose() {
	var left []fdpass.Named
	for _, g := range c.r.given {
		taken := slices.ContainsFunc(c.r.removed, func(h *held) bool { return h.given != "" && h.given == g.key })
		if !taken { // or else it is what such a one was made of, in a change that was interrupted
			left = append(left, g.Named)
		}
	}
	for _, i := range c.items {
		if i.old != nil || i.err != nil {
			continue
		}
		if n := fdpass.Match(left, i.spec); n >= 0 {
			at := slices.IndexFunc(c.r.given, func(g given) bool { return g.Descriptor == left[n].Descriptor })
			i.given = c.r.given[at]
			left = slices.Delete(left, n, n+1)
		}
	}
}

// take makes i's socket of a given descriptor. The original stays with the registry until Commit.
func (i *item) take() error {
	d, err := i.given.Descriptor.Dup()
	if err != nil {
		return fmt.Errorf("cannot take over listener %q, which was given as %q: %w", i.spec.Name, i.given.Name, err)
	}
	if i.fresh, err = fdpass.Restore(i.spec, d); err != nil {
		return err
	}
	i.quieted = i.fresh.Paused() // by an earlier life, which is forgotten
	return nil
}

// useGiven ends holding the given descriptor whose duplicate h has.
func (r *Registry) useGiven(h *held, used given) {
	r.given = slices.DeleteFunc(r.given, func(g given) bool { return g.Descriptor == used.Descriptor })
	_ = used.Descriptor.Close()
	r.letGo(used.key)
	h.given = ""
}

// letGoGiven ends holding the given descriptor that h was made of, besides h's own.
func (r *Registry) letGoGiven(h *held) {
	r.given = slices.DeleteFunc(r.given, func(g given) bool {
		if g.key == h.given {
			_ = g.Descriptor.Close()
		}
		return g.key == h.given
	})
	r.letGo(h.given)
	h.given = ""
}

func (r *Registry) closeGiven() error {
	var errs []error
	for _, g := range r.given {
		errs = append(errs, g.Descriptor.Close())
	}
	return errors.Join(errs...)
}

// CloseUnused closes the given descriptors that no listener uses and gives their names. It is for a process whose service manager
// has kept them from an earlier configuration: a client that connects to one would wait for ever.
func (r *Registry) CloseUnused() []string {
	var names []string
	r.do(func() {
		for _, g := range r.given {
			names = append(names, g.Name)
			r.letGo(g.key)
		}
		_ = r.closeGiven()
		r.given = nil
		_ = r.save()
	})
	return names
}
