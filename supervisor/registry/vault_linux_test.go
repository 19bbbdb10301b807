package registry

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
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
	return &Before{State: []byte(v.texts[StateName]), Take: func(name string) *fdpass.Descriptor {
		d := v.held[name]
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
	l, err := readLedger([]byte(v.texts[StateName]))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What is about to be is saved before the socket exists, the socket is held before the change can be committed, and a
// closed one is dropped last.
func TestVaultOrder(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "tcp://127.0.0.1:0")
	c, err := r.Prepare([]*config.Listener{web})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Save state/listeners", "Hold listener/1"}, v.since(0)); d != "" {
		t.Errorf("Prepare:\n%s", d)
	}
	n := len(v.calls)
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Save state/listeners"}, v.since(n)[:1]); d != "" {
		t.Errorf("Commit:\n%s", d)
	}
	n = len(v.calls)
	apply(t, r)
	if d := cmp.Diff([]string{"Save state/listeners", "Drop listener/1", "Save state/listeners"}, v.since(n)); d != "" {
		t.Errorf("closing:\n%s", d)
	}
}

func TestVaultAbort(t *testing.T) {
	r, _, v := kept(t)
	c, err := r.Prepare([]*config.Listener{listener(t, "web", "tcp://127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	c.Abort()
	if got := v.names(); len(got) != 0 {
		t.Errorf("the vault still has %q", got)
	}
	if l := ledgerOf(t, v); len(l.Listeners) != 0 || l.Next != 2 {
		t.Errorf("the ledger has %+v", l)
	}
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	if d := cmp.Diff([]string{"listener/2"}, v.names()); d != "" {
		t.Errorf("a key was used twice:\n%s", d)
	}
}

func TestNothingIsSavedWhenNothingChanges(t *testing.T) {
	r, _, v := kept(t)
	list := []*config.Listener{listener(t, "web", "tcp://127.0.0.1:0"), listener(t, "u", "unix://"+path(t))}
	apply(t, r, list...)
	acquire(t, r, "app", 1, "web")
	event(r, 1, 77, Started, Ready, Promoted)
	n := len(v.calls)
	apply(t, r, list...)
	r.Status()
	event(r, 1, 77, Ready, Promoted, Draining, Gone)
	if got := v.since(n); len(got) != 0 {
		t.Errorf("calls %q", got)
	}
	next, _ := v.next(t, r, Options{})
	n = len(v.calls)
	apply(t, next, list...)
	if got := v.since(n); len(got) > 1 { // the promoted generation has no lease any more
		t.Errorf("calls %q", got)
	}
}

func TestCloseLeavesNothingInTheVault(t *testing.T) {
	r, _, v := kept(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"), listener(t, "old", "tcp://127.0.0.1:0"))
	acquire(t, r, "app", 1, "old")
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	if _, err := r.Prepare([]*config.Listener{listener(t, "new", "udp://127.0.0.1:0")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if len(v.held)+len(v.texts) != 0 {
		t.Errorf("left are %q and %q", v.names(), v.texts)
	}
}

var errFull = errors.New("the keeper has all its descriptors open")

// A vault that is full is an error for what is new; what is open is not touched.
func TestVaultIsFull(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	count, p := descriptors(t), path(t)
	v.fails = func(verb, _ string) error {
		if verb == "Hold" {
			return errFull
		}
		return nil
	}
	_, err := r.Prepare([]*config.Listener{web, listener(t, "u", "unix://"+p)})
	if list := (OpenErrors)(nil); !errors.As(err, &list) || !errors.Is(err, errFull) {
		t.Fatalf("got %v", err)
	}
	if want := `app.hcl:1: cannot open listener "u" at unix://` + p + `: it cannot be kept for a later process: ` + errFull.Error(); err.Error() != want {
		t.Errorf("got %v", err)
	}
	if now := descriptors(t); now != count || !connects(socket(t, r, "web").Address()) {
		t.Errorf("%d descriptors, before %d", now, count)
	}
	if d := cmp.Diff([]string{"listener/1"}, v.names()); d != "" {
		t.Error(d)
	}
	apply(t, r, web) // nothing new
}

func TestVaultCannotSave(t *testing.T) {
	r, rec, v := kept(t)
	web, u := listener(t, "web", "tcp://127.0.0.1:0", backlog(9)), "unix://"+path(t)
	apply(t, r, web)
	failing := true
	v.fails = func(verb, _ string) error {
		if verb == "Save" && failing {
			return errFull
		}
		return nil
	}
	if _, err := r.Prepare([]*config.Listener{web, listener(t, "u", u)}); !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "cannot open new listeners: ") {
		t.Errorf("got %v", err)
	}
	failing = false
	for n := 1; n <= 2; n++ { // the intention, and that it holds
		c, err := r.Prepare([]*config.Listener{listener(t, "front", "tcp://127.0.0.1:0", backlog(n)), listener(t, "u", u)})
		if err != nil {
			t.Fatal(err)
		}
		saves := 0
		v.fails = func(verb, _ string) error {
			if verb == "Save" {
				if saves++; saves == n {
					return errFull
				}
			}
			return nil
		}
		if err := c.Commit(); !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "cannot change the listeners: ") {
			t.Errorf("save %d: got %v", n, err)
		}
		v.fails = nil
		if got := state(t, socket(t, r, "web")).Backlog; got != 9 || len(v.names()) != 1 {
			t.Errorf("save %d: backlog %d, held are %q", n, got, v.names())
		}
	}
	v.fails = func(verb, _ string) error {
		if verb == "Save" {
			return errFull
		}
		return nil
	}
	said := len(rec.find("cannot save the state of listeners"))
	acquire(t, r, "app", 1, "web")
	event(r, 1, 77, Started, Ready, Promoted)
	r.Status()
	if now := len(rec.find("cannot save the state of listeners")); now != said+1 {
		t.Errorf("said %d times", now-said)
	}
	v.fails = nil
	event(r, 1, 77, Draining)
	if l := ledgerOf(t, v); len(l.Promoted) != 1 {
		t.Errorf("it was not tried again: %+v", l)
	}
}

// A repair that the vault cannot keep is still a repair; it is offered again.
func TestVaultCannotHoldARepair(t *testing.T) {
	r, rec, v := kept(t)
	apply(t, r, listener(t, "web", "unix://"+path(t)))
	s := socket(t, r, "web")
	v.fails = func(verb, _ string) error {
		if verb == "Hold" {
			return errFull
		}
		return nil
	}
	shutdownHere(t, s)
	r.Status()
	if !connects(s.Address()) {
		t.Error("it was not repaired")
	}
	rec.wait(t, "cannot keep listener for a manager after this one")
	v.fails = nil
	r.Status()
	next, _ := v.next(t, r, Options{})
	apply(t, next, listener(t, "web", s.Address().String()))
	if !connects(s.Address()) {
		t.Error("the next process has the dead one")
	}
}

func TestVaultCannotDrop(t *testing.T) {
	r, rec, v := kept(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	v.fails = func(verb, name string) error {
		if verb == "Drop" {
			return errFull
		}
		return nil
	}
	apply(t, r)
	rec.one(t, "cannot let go of a descriptor")
	if d := cmp.Diff([]string{"listener/1"}, ledgerOf(t, v).Drop); d != "" {
		t.Error(d)
	}
	v.fails = nil
	next, _ := v.next(t, r, Options{})
	apply(t, next)
	if got := v.names(); len(got) != 0 || len(ledgerOf(t, v).Drop) != 0 {
		t.Errorf("the vault still has %q", got)
	}
}
