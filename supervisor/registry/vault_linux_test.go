package registry

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
)

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
	v.failing(func(verb, _ string) error {
		if verb == "Hold" {
			return errFull
		}
		return nil
	})
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
	v.failing(func(verb, _ string) error {
		if verb == "Save" && failing {
			return errFull
		}
		return nil
	})
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
		v.failing(func(verb, _ string) error {
			if verb == "Save" {
				if saves++; saves == n {
					return errFull
				}
			}
			return nil
		})
		if err := c.Commit(); !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "cannot change the listeners: ") {
			t.Errorf("save %d: got %v", n, err)
		}
		v.failing(nil)
		if got := state(t, socket(t, r, "web")).Backlog; got != 9 || len(v.names()) != 1 {
			t.Errorf("save %d: backlog %d, held are %q", n, got, v.names())
		}
	}
	v.failing(func(verb, _ string) error {
		if verb == "Save" {
			return errFull
		}
		return nil
	})
	said := len(rec.find("cannot save the state of listeners"))
	acquire(t, r, "app", 1, "web")
	event(r, 1, 77, Started, Ready, Promoted)
	r.Status()
	if now := len(rec.find("cannot save the state of listeners")); now != said+1 {
		t.Errorf("said %d times", now-said)
	}
	v.failing(nil)
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
	v.failing(func(verb, _ string) error {
		if verb == "Hold" {
			return errFull
		}
		return nil
	})
	shutdownHere(t, s)
	r.Status()
	if !connects(s.Address()) {
		t.Error("it was not repaired")
	}
	rec.wait(t, "cannot keep listener for a manager after this one")
	v.failing(nil)
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
	v.failing(func(verb, name string) error {
		if verb == "Drop" {
			return errFull
		}
		return nil
	})
	apply(t, r)
	rec.one(t, "cannot let go of a descriptor")
	if d := cmp.Diff([]string{"listener/1"}, ledgerOf(t, v).Drop); d != "" {
		t.Error(d)
	}
	v.failing(nil)
	next, _ := v.next(t, r, Options{})
	apply(t, next)
	if got := v.names(); len(got) != 0 || len(ledgerOf(t, v).Drop) != 0 {
		t.Errorf("the vault still has %q", got)
	}
}
