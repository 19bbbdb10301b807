package registry

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Vault keeps what must outlive this process. keeper.Keeper is one.
type Vault interface {
	// Hold keeps a duplicate of d under name, in place of what was held under it; the caller still owns d.
	Hold(name string, d *fdpass.Descriptor) error
	// Save keeps a text under name: all of it or, when it fails, the one before.
	Save(name string, text []byte) error
	// Drop lets go of what is kept under name. A name that is not kept is no error.
	Drop(name string) error
}

// ledger gives what there is to know now. While a change is under way that is what it intends.
func (r *Registry) ledger() *ledger {
	l := &ledger{
		Version: plainVersion, Next: r.next, Promotions: r.promotions, Drop: r.undropped,
		Mirrored: r.mirroredNames(), Untold: r.untold, Listeners: r.entries(), extra: r.extra,
	}
	if slices.ContainsFunc(l.Listeners, func(e entry) bool { return e.Steered != nil }) {
		l.Version = ledgerVersion
	}
	for u, n := range r.promoted {
		l.Promoted = append(l.Promoted, rank{u, n})
	}
	slices.SortFunc(l.Promoted, func(a, b rank) int { return a.Rank - b.Rank })
	return l
}

func (r *Registry) entries() []entry {
	var list []entry
	c := r.pending
	claimed := map[*held]*item{}
	if c != nil {
		for _, i := range c.items {
			if i.old != nil {
				claimed[i.old] = i
			}
			if c.phase == committed {
				list = append(list, i.committed())
			}
		}
	}
	for _, h := range slices.Concat(r.listeners, r.removed) {
		e, i := h.entry(r.byName[h.name] == h), claimed[h]
		switch {
		case c != nil && c.phase == committed && i != nil:
			continue
		case c != nil && c.phase == committed:
			e.Configured = false
		case c != nil && c.phase == changing && i != nil && !reflect.DeepEqual(e.Socket.Spec, i.spec):
			e.Change = &i.spec
		}
		list = append(list, e)
	}
	if c != nil && c.phase != committed {
		list = append(list, c.prepared()...)
	}
	return list
}

func (h *held) entry(configured bool) entry {
	e := entry{
		Key: h.key, Name: h.name, Configured: configured, Sharing: h.sharing, Socket: h.socket.Identity(), Held: h.paused,
		Backlog: h.backlog, Flag: h.flag.entry(), Given: h.given, TakenFrom: h.takenFrom,
		Outdated: h.outdated, Steered: h.steered.entry(h), extra: h.extra,
	}
	e.Socket.Spec.Address = h.asked
	return e
}

// committed is what an item will be once its change is adopted.
func (i *item) committed() entry {
	h := i.old
	if h == nil {
		h = i.admitted
	}
	e := h.entry(true)
	e.Name, e.Sharing = i.spec.Name, i.sharing
	return e
}

// prepared are the new sockets of a change that is not committed, also those that are not open yet.
func (c *Change) prepared() []entry {
	var list []entry
	for _, i := range c.items {
		switch {
		case i.key == "":
			continue
		case i.admitted != nil:
			list = append(list, i.admitted.entry(false))
		default:
			list = append(list, entry{Key: i.key, Name: i.spec.Name, Sharing: i.sharing, Backlog: -1,
				Socket: fdpass.Identity{Spec: i.spec}, Given: i.given.key})
		}
	}
	return list
}

// save keeps the ledger in the vault, unless it is there already.
func (r *Registry) save() error {
	if r.vault == nil {
		return nil
	}
	r.dropAgain()
	text, err := r.ledger().write()
	if err != nil {
		return fmt.Errorf("internal error: cannot write down the state of listeners: %w", err)
	}
	if !bytes.Equal(text, r.saved) {
		if err := r.vault.Save(StateName, text); err != nil {
			return err
		}
		r.saved = text
	}
	r.dirty = false
	return nil
}

// keep saves what has changed where nobody can be told that it failed; the next change tries again.
func (r *Registry) keep() {
	if !r.dirty || r.closing || r.vault == nil {
		return
	}
	err := r.save()
	if err != nil && !r.unsaved {
		r.log.Error("cannot save the state of listeners, a manager after this one would know an older one", "error", err)
	}
	r.unsaved = err != nil
}

const (
	// aMoment is how long keepSoon gathers changes.
	aMoment = 100 * time.Millisecond
	// few listeners are written down in less than a millisecond: there is nothing to gather.
	few = 50
)

// keepSoon is keep, in a moment where that is worth while: a ledger of a thousand listeners takes some milliseconds to write. What
// has to be saved before it is done is saved by a change itself; the rest a registry after this one finds out from the workers.
func (r *Registry) keepSoon() {
	if len(r.listeners) <= few {
		r.keep()
		return
	}
	if r.soon == nil && r.dirty && !r.closing && r.vault != nil {
		r.soon = time.AfterFunc(aMoment, func() { r.do(func() { r.soon = nil; r.keep() }) })
	}
}

// entrust gives the vault the present descriptor of an open listener. When the vault cannot take it the listener stays
// open in this process, and is offered again at the next check.
func (r *Registry) entrust(m *member) {
	if r.vault == nil {
		return
	}
	err := r.vault.Hold(m.key, m.socket.Descriptor())
	if err != nil && !m.unheld {
		r.log.Error("cannot keep listener for a manager after this one, it stays open in this one", "listener", m.of.name, "error", err)
	}
	m.unheld = err != nil
}

// letGo drops a descriptor from the vault. When that fails it is tried again at each save, also by a later process.
func (r *Registry) letGo(name string) {
	if r.vault == nil || name == "" {
		return
	}
	r.dirty = true
	if err := r.vault.Drop(name); err != nil {
		r.log.Error("cannot let go of a descriptor, it stays open", "descriptor", name, "error", err)
		r.undropped = append(r.undropped, name)
	}
}

func (r *Registry) dropAgain() {
	r.undropped = slices.DeleteFunc(r.undropped, func(name string) bool { return r.vault.Drop(name) == nil })
}
