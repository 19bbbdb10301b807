package registry

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// memory is a vault in this process. Like a keeper it has descriptors of its own.
type memory struct {
	mu    sync.Mutex
	held  map[string]*fdpass.Descriptor
	texts map[string]string
	calls []string                      // "Hold listener/1"
	fails func(verb, name string) error // nil: never
}

func newMemory(t *testing.T) *memory {
	v := &memory{held: map[string]*fdpass.Descriptor{}, texts: map[string]string{}}
	t.Cleanup(func() {
		for _, d := range v.held {
			_ = d.Close()
		}
	})
	return v
}

func (v *memory) call(verb, name string) error {
	v.calls = append(v.calls, verb+" "+name)
	if v.fails != nil {
		return v.fails(verb, name)
	}
	return nil
}

func (v *memory) Hold(name string, d *fdpass.Descriptor) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.call("Hold", name); err != nil {
		return err
	}
	dup, err := d.Dup()
	if err != nil {
		return err
	}
	v.close(name)
	v.held[name] = dup
	return nil
}

func (v *memory) Save(name string, text []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.call("Save", name); err != nil {
		return err
	}
	v.texts[name] = string(text)
	return nil
}

func (v *memory) Drop(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.call("Drop", name); err != nil {
		return err
	}
	v.close(name)
	delete(v.texts, name)
	return nil
}

func (v *memory) close(name string) {
	if d := v.held[name]; d != nil {
		_ = d.Close()
		delete(v.held, name)
	}
}

// failing has the calls from now on fail as f says; nil ends that.
func (v *memory) failing(f func(verb, name string) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fails = f
}

// text gives what was saved under a name.
func (v *memory) text(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.texts[name]
}

// names gives what is held.
func (v *memory) names() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.held))
}

// since gives the calls from the n-th on.
func (v *memory) since(n int) []string { return v.calls[n:] }

// before is what a process after this one begins with.
func (v *memory) before(t *testing.T) *Before {
	return &Before{State: []byte(v.text(StateName)), Take: func(name string) *fdpass.Descriptor {
		v.mu.Lock()
		d := v.held[name]
		v.mu.Unlock()
		if d == nil {
			return nil
		}
		dup, err := d.Dup()
		if err != nil {
			t.Error(err)
		}
		return dup
	}}
}

// next ends a registry as kill -9 does and opens the one after it, with all leases that are given.
func (v *memory) next(t *testing.T, r *Registry, o Options, leases ...*Lease) (*Registry, *record) {
	t.Helper()
	states := map[User][]LeaseState{}
	for _, l := range leases {
		states[l.user] = append(states[l.user], l.State())
	}
	r.Abandon()
	o.Vault, o.Before = v, v.before(t)
	next, rec := open(t, o)
	for u, list := range states {
		if _, err := next.Reacquire(u, list); err != nil {
			t.Fatal(err)
		}
	}
	return next, rec
}

func kept(t *testing.T) (*Registry, *record, *memory) {
	t.Helper()
	v := newMemory(t)
	r, rec := open(t, Options{Vault: v})
	return r, rec, v
}

func ledgerOf(t *testing.T, v *memory) *ledger {
	t.Helper()
	l, err := readLedger([]byte(v.text(StateName)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}
