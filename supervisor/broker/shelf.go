package broker

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// StateName is the name of the text that a broker keeps in its vault.
const StateName = "state/serves"

// storedPrefix begins the names of stored descriptors in the vault.
const storedPrefix = "stored/"

// maxStored bounds what one block stores.
const maxStored = 256

const stateVersion = 1

// shelf is what programs have stored. Its JSON is what is saved.
type shelf struct {
	Version int       `json:"version"`
	Next    int       `json:"next"` // number of the next name in the vault; none is used twice
	Stored  []*stored `json:"stored"`
}

// stored is one descriptor of a program.
type stored struct {
	Serve string    `json:"serve"`
	ID    string    `json:"id"`
	Key   string    `json:"key"` // in the vault
	Until time.Time `json:"until,omitzero"`

	d *fdpass.Descriptor
}

// of gives what is stored at a block, by identifier.
func (s *shelf) of(block string) []*stored {
	var list []*stored
	for _, e := range s.Stored {
		if e.Serve == block {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *stored) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (s *shelf) find(block, id string) *stored {
	for _, e := range s.Stored {
		if e.Serve == block && e.ID == id {
			return e
		}
	}
	return nil
}

func (s *shelf) close() error {
	var errs []error
	for _, e := range s.Stored {
		errs = append(errs, e.d.Close())
	}
	s.Stored = nil
	return errors.Join(errs...)
}

// appendStored adds duplicates of what is stored at a block. It owns list.
func (b *Broker) appendStored(list []fdpass.Named, block string) ([]fdpass.Named, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if b.closed {
		err = errStopped
	}
	for _, e := range b.store.of(block) {
		var d *fdpass.Descriptor
		if err == nil {
			d, err = e.d.Dup()
		}
		if err == nil {
			list = append(list, fdpass.Named{Name: e.ID, Descriptor: d})
		}
	}
	if err == nil {
		return list, nil
	}
	for _, n := range list {
		_ = n.Descriptor.Close()
	}
	return nil, err
}

// put stores d, which it owns. What it is is saved first: of a process that is killed in between the next one finds an entry
// without a descriptor, which was promised to nobody.
func (b *Broker) put(k *block, id string, d *fdpass.Descriptor, until time.Time) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() {
		if err != nil {
			d.CloseForeign()
		}
	}()
	switch {
	case b.closed:
		return errStopped
	case !b.find(k.cfg.Name).allows(id): // as it is now
		return wire.ErrDenied
	case b.store.find(k.cfg.Name, id) != nil:
		return wire.ErrExists
	case len(b.store.of(k.cfg.Name)) >= maxStored:
		return wire.ErrFull
	}
	b.store.Next++
	e := &stored{Serve: k.cfg.Name, ID: id, Key: storedPrefix + k.cfg.Name + "/" + strconv.Itoa(b.store.Next), Until: until, d: d}
	b.store.Stored = append(b.store.Stored, e)
	if err = b.save(); err == nil {
		err = b.o.Vault.Hold(e.Key, d)
	}
	if err != nil {
		b.store.Stored = slices.DeleteFunc(b.store.Stored, func(other *stored) bool { return other == e })
		return errors.Join(fmt.Errorf("cannot keep a descriptor: %w", err), b.save())
	}
	b.expire()
	return nil
}

func (b *Broker) delete(k *block, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed { // what is saved is of whoever goes on from it now
		return errStopped
	}
	e := b.store.find(k.cfg.Name, id)
	if e == nil {
		return wire.ErrUnknown
	}
	b.discard(func(other *stored) bool { return other == e })
	return nil
}

// discard lets go of what which says: first in what is saved, so that nobody misses it after a kill in between.
func (b *Broker) discard(which func(*stored) bool) {
	var gone []*stored
	b.store.Stored = slices.DeleteFunc(b.store.Stored, func(e *stored) bool {
		if which(e) {
			gone = append(gone, e)
			return true
		}
		return false
	})
	if len(gone) == 0 {
		return
	}
	if err := b.save(); err != nil {
		b.o.Log.Error("cannot save what programs have stored, a manager after this one would know an older state", "error", err)
	}
	for _, e := range gone {
		if err := b.o.Vault.Drop(e.Key); err != nil {
			b.o.Log.Error("cannot let go of a descriptor, it stays open", "descriptor", e.Key, "error", err)
		}
		e.d.CloseForeign()
	}
}

// expire lets go of what has been stored for long enough, and sees to it that it is called again when the next one has.
func (b *Broker) expire() {
	now := time.Now()
	b.discard(func(e *stored) bool { return !e.Until.IsZero() && !e.Until.After(now) })
	if b.expiry != nil {
		b.expiry.Stop()
		b.expiry = nil
	}
	var next time.Time
	for _, e := range b.store.Stored {
		if !e.Until.IsZero() && (next.IsZero() || e.Until.Before(next)) {
			next = e.Until
		}
	}
	if next.IsZero() || b.closed {
		return
	}
	b.expiry = time.AfterFunc(time.Until(next), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.closed {
			b.expire()
		}
	})
}

func (b *Broker) save() error {
	b.store.Version = stateVersion
	text, err := json.Marshal(b.store)
	if err != nil {
		return err
	}
	return b.o.Vault.Save(StateName, text)
}
