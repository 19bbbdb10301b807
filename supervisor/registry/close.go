package registry

import (
	"errors"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Close closes every listener, also leased ones, unlinks the paths of unix sockets that were made here, and aborts a
// change that is not committed. The vault keeps nothing of them. A worker keeps its own descriptors. With a mirror
// (Options.Opened) that is told nothing and paths stay: what it has of the sockets is for the next start.
// It does not wait for a running call of Options.Replaced. A second Close does nothing.
func (r *Registry) Close() error {
	r.do(func() {
		r.closing = true
		r.closeErr = r.closeAll()
	})
	<-r.done
	return r.closeErr
}

// Abandon ends the registry as the kernel does when this process is killed: its descriptors are closed, no path is
// unlinked, and the vault keeps everything for the registry of another process.
func (r *Registry) Abandon() {
	r.do(func() {
		r.closing = true
		r.closeErr = r.abandonAll()
	})
	<-r.done
}

func (r *Registry) abandonAll() error {
	var errs []error
	if r.pending != nil {
		errs = append(errs, r.pending.each((*fdpass.Socket).Abandon))
	}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		errs = append(errs, r.abandon(h))
	}
	return errors.Join(append(errs, r.closeGiven(), r.watcher.Close())...)
}

// abandon closes h here, and leaves its path to whoever goes on with it.
func (r *Registry) abandon(h *held) error {
	errs := []error{h.steered.close()}
	for _, m := range h.members {
		r.unwatch(m)
		errs = append(errs, m.socket.Abandon())
	}
	return errors.Join(errs...)
}

func (r *Registry) closeAll() error {
	var errs []error
	if r.pending != nil {
		r.pending.discard()
	}
	clear(r.byName)
	_ = r.save() // so a process that begins after a kill halfway misses nothing
	for _, h := range slices.Concat(r.listeners, r.removed) {
		if r.mirrors() {
			errs = append(errs, r.abandon(h))
			for _, m := range h.members {
				r.letGo(m.key)
			}
		} else {
			errs = append(errs, r.drop(h))
		}
	}
	for _, g := range r.given {
		r.letGo(g.key)
	}
	errs = append(errs, r.closeGiven())
	r.listeners, r.removed, r.given = nil, nil, nil
	if r.vault != nil {
		errs = append(errs, r.vault.Drop(StateName))
	}
	return errors.Join(append(errs, r.watcher.Close())...)
}
