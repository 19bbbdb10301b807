package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// recognise finds for each item the open listener that it is: one at its address under its name, else one at its address
// under another name; of each rather a configured one than a removed one that is still open. Addresses are compared as
// configured; port 0 is the same as port 0, whatever the kernel chose.
func (r *Registry) recognise(items []*item) {
	at := map[string][]*held{}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		address := h.asked.String()
		at[address] = append(at[address], h)
	}
	claimed := map[*held]bool{}
	for _, sameName := range []bool{true, false} {
		for _, i := range items {
			for _, h := range at[i.spec.Address.String()] {
				if i.old == nil && !claimed[h] && (!sameName || h.name == i.spec.Name) {
					i.old = h
					claimed[h] = true
				}
			}
		}
	}
}

// open makes the socket of a new item, and judges whether an open listener can become what its item says.
func (c *Change) open(i *item) error {
	switch {
	case i.err != nil:
		return i.err
	case i.old != nil && i.must:
		return i.alreadyOpen()
	case i.old != nil:
		// "tcp://:80" and "tcp://[::]:80" are one address in two spellings.
		i.spec.Address = i.old.asked
		return i.reopens()
	}
	if i.given.Descriptor != nil {
		return i.take()
	}
	if i.taken.d != nil {
		return i.takeOver()
	}
	s, err := fdpass.Open(i.spec)
	if err != nil {
		return i.notTaken(c.explain(i, i.inUse(err)))
	}
	i.fresh = s
	return i.quiet()
}

// entrust gives a new socket to the vault, before anybody can lease it.
func (c *Change) entrust(i *item) error {
	i.admitted = newHeld(i.fresh, i.key, i.spec.Name, i.sharing)
	i.admitted.given = i.given.key
	i.admitted.takenFrom = i.taken.who
	if err := c.r.steeringNew(i.admitted); err != nil || c.r.vault == nil {
		return err
	}
	if err := c.r.vault.Hold(i.key, i.fresh.Descriptor()); err != nil {
		return fmt.Errorf("cannot open listener %q at %s: it cannot be kept for a later process: %w", i.spec.Name, i.spec.Address, err)
	}
	return nil
}

// quiet keeps a socket that shares its port with others (SO_REUSEPORT) from getting clients of theirs before Commit:
// Abort would reset those. Held, they ask again a second later and another socket may take them.
func (i *item) quiet() error {
	if on := i.spec.Options.ReusePort; on == nil || !*on || !strings.HasPrefix(i.spec.Address.Network, "tcp") {
		return nil
	}
	i.quieted = true
	return i.fresh.Pause()
}

// reopens is the error for a change that needs another socket at the same address.
func (i *item) reopens() error {
	if i.old.steered != nil && !steers(i.sharing) {
		return fmt.Errorf("cannot change sharing of listener %q at %s from %q to %q: its sockets are of single generations, none is for all "+
			"(set it back, use another address, or stop supervise and start it again)", i.spec.Name, i.spec.Address, i.old.sharing, i.sharing)
	}
	names := fdpass.NeedsReopen(i.old.configured(), i.spec)
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("cannot change %s of listener %q at %s: the kernel fixes it when a socket is bound, and another socket cannot "+
		"have the address without refusing clients (set it back, use another address, or stop supervise and start it again)",
		strings.Join(names, " and "), i.spec.Name, i.spec.Address)
}

// explain says which of our own listeners holds an address: the holder that the kernel knows is this very process.
func (c *Change) explain(i *item, err error) error {
	var failed *fdpass.OpenError
	if !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &failed) {
		return err
	}
	for _, h := range append(c.r.listeners, c.r.removed...) {
		if overlaps(h.socket.Address(), i.spec.Address) {
			failed.Cause = fmt.Sprintf("supervise's own listener %q holds %s until the change is done", h.name, h.socket.Address())
			failed.Advice = "keep that address, or use another port or path"
			return failed
		}
	}
	for _, other := range c.items {
		if other.fresh != nil && overlaps(other.fresh.Address(), i.spec.Address) {
			failed.Cause = fmt.Sprintf("listener %q of the same configuration has %s", other.spec.Name, other.fresh.Address())
			failed.Advice = "use another port or path for one of them"
			return failed
		}
	}
	return err
}

// overlaps is whether two addresses can be in each other's way: the same port of the same protocol, or the same path.
// It is asked only when the kernel has said that something is.
func overlaps(a, b fdpass.Address) bool {
	family := func(network string) string { return strings.TrimRight(network, "46") }
	if a.Path != "" || b.Path != "" {
		return a.Path == b.Path
	}
	return family(a.Network) == family(b.Network) && a.Port == b.Port && (a.Host == b.Host || wildcard(a.Host) || wildcard(b.Host))
}

func wildcard(host string) bool { return host == "" || host == "::" || host == "0.0.0.0" }

// located puts the place in the file before an error.
func (i *item) located(err error) error {
	if i.where == "" {
		return err
	}
	return fmt.Errorf("%s: %w", i.where, err)
}
