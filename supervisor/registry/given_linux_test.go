package registry

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// give opens a listener as somebody else would and gives its descriptor away under a name.
func give(t *testing.T, name, at string) (fdpass.Named, *fdpass.Socket) {
	t.Helper()
	s, err := fdpass.Open(fdpass.Spec{Name: "given", Address: address(t, at), UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	return fdpass.Named{Name: name, Descriptor: d}, s
}

func TestGiven(t *testing.T) {
	byName, one := give(t, "web", "tcp://127.0.0.1:0")
	p := path(t)
	byAddress, two := give(t, "unknown", "unix://"+p)
	unused, three := give(t, "later", "tcp://127.0.0.1:0")
	r, rec := open(t, Options{Given: []fdpass.Named{byName, byAddress, unused}})
	list := []*config.Listener{
		listener(t, "web", one.Address().String(), backlog(33)),
		listener(t, "u", "unix://"+p),
		listener(t, "new", "tcp://127.0.0.1:0"),
	}
	apply(t, r, list...)
	if inode(t, socket(t, r, "web")) != inode(t, one) || inode(t, socket(t, r, "u")) != inode(t, two) {
		t.Error("a given descriptor is not used")
	}
	if got := state(t, one).Backlog; got != 33 {
		t.Errorf("backlog %d, want 33", got)
	}
	var given []bool
	for _, line := range rec.find("listener open") {
		given = append(given, line["given"].(bool))
	}
	if d := cmp.Diff([]bool{true, true, false}, given); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"later"}, r.Unused()); d != "" {
		t.Error(d)
	}
	if !connects(three.Address()) {
		t.Error("the unused one was closed")
	}
	apply(t, r, append(list, listener(t, "later", three.Address().String()))...)
	if inode(t, socket(t, r, "later")) != inode(t, three) || r.Unused() != nil {
		t.Error("a reload does not take what was left")
	}
}

// A given descriptor is there for the next attempt when the first one fails.
func TestGivenSurvivesAFailedChange(t *testing.T) {
	given, s := give(t, "web", "tcp://127.0.0.1:0")
	r, _ := open(t, Options{Given: []fdpass.Named{given}})
	web := listener(t, "web", s.Address().String())
	if _, err := r.Prepare([]*config.Listener{web, listener(t, "x", "unix:///no/such/folder/s")}); err == nil {
		t.Fatal("no error")
	}
	c, err := r.Prepare([]*config.Listener{web})
	if err != nil {
		t.Fatal(err)
	}
	c.Abort()
	if d := cmp.Diff([]string{"web"}, r.Unused()); d != "" {
		t.Error(d)
	}
	apply(t, r, web)
	if inode(t, socket(t, r, "web")) != inode(t, s) {
		t.Error("it was opened anew")
	}
}

func TestGivenDoesNotFit(t *testing.T) {
	given, s := give(t, "web", "udp://127.0.0.1:0")
	r, _ := open(t, Options{Given: []fdpass.Named{given}})
	_, err := r.Prepare([]*config.Listener{listener(t, "web", "tcp://127.0.0.1:0")})
	if err == nil {
		t.Fatal("a datagram socket was taken for a listener")
	}
	t.Log(err)
	if d := cmp.Diff([]string{"web"}, r.Unused()); d != "" {
		t.Error(d)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Only the registry's descriptors are closed at its end.
func TestCloseClosesGiven(t *testing.T) {
	before := descriptors(t)
	used, one := give(t, "web", "tcp://127.0.0.1:0")
	left, two := give(t, "left", "tcp://127.0.0.1:0")
	r, _ := open(t, Options{Given: []fdpass.Named{used, left}})
	apply(t, r, listener(t, "web", one.Address().String()))
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if now := descriptors(t); now != before+2 {
		t.Errorf("%d descriptors, want %d and the two of the test", now, before)
	}
	if !connects(one.Address()) || !connects(two.Address()) {
		t.Error("whoever gave the descriptors lost them")
	}
}

// The vault has a given descriptor until a listener has taken it over.
func TestGivenInTheVault(t *testing.T) {
	v := newMemory(t)
	p := path(t)
	used, one := give(t, "web", "unix://"+p)
	left, two := give(t, "left", "tcp://127.0.0.1:0")
	for i, n := range []fdpass.Named{used, left} {
		if err := v.Hold([]string{"given/0", "given/1"}[i], n.Descriptor); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever gave it made the path.
	if err := os.Remove(filepath.Join(filepath.Dir(p), ".s.supervise")); err != nil {
		t.Fatal(err)
	}
	r, _ := open(t, Options{Vault: v, Given: []fdpass.Named{used, left}, GivenKeys: []string{"given/0", "given/1"}})
	web := listener(t, "web", "unix://"+p)
	c, err := r.Prepare([]*config.Listener{web})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"given/0", "given/1", "listener/1"}, v.names()); d != "" {
		t.Errorf("before Commit:\n%s", d)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"given/1", "listener/1"}, v.names()); d != "" {
		t.Errorf("after it:\n%s", d)
	}
	again, err := two.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	next, rec := v.next(t, r, Options{Given: []fdpass.Named{{Name: "left", Descriptor: again}}, GivenKeys: []string{"given/1"}})
	apply(t, next, web)
	quiet(t, rec)
	if inode(t, socket(t, next, "web")) != inode(t, one) || !cmp.Equal(next.Unused(), []string{"left"}) {
		t.Errorf("unused are %q", next.Unused())
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(p); err != nil || !connects(one.Address()) {
		t.Errorf("the path of others was removed: %v", err)
	}
	if len(v.names()) != 0 {
		t.Errorf("the vault still has %q", v.names())
	}
}

// Killed before the Commit, or after it and before the original was dropped: that is not taken for another listener.
func TestGivenIsNotUsedTwice(t *testing.T) {
	for _, commit := range []bool{false, true} {
		v := newMemory(t)
		given, s := give(t, "web", "tcp://127.0.0.1:0")
		if err := v.Hold("given/0", given.Descriptor); err != nil {
			t.Fatal(err)
		}
		r, _ := open(t, Options{Vault: v, Given: []fdpass.Named{given}, GivenKeys: []string{"given/0"}})
		c, err := r.Prepare([]*config.Listener{listener(t, "web", s.Address().String())})
		if err != nil {
			t.Fatal(err)
		}
		then := v.texts[StateName]
		v.failing(func(verb, name string) error {
			if verb == "Drop" && name == "given/0" {
				then = v.texts[StateName]
			}
			return nil
		})
		if commit {
			if err := c.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		r.Abandon()
		v.failing(nil)
		v.texts[StateName] = then
		if err := v.Hold("given/0", s.Descriptor()); err != nil {
			t.Fatal(err)
		}
		again := fdpass.Named{Name: "web", Descriptor: v.before(t).Take("given/0")}
		next, _ := open(t, Options{Vault: v, Before: v.before(t), Given: []fdpass.Named{again}, GivenKeys: []string{"given/0"}})
		apply(t, next, listener(t, "old", s.Address().String()), listener(t, "web", "udp://127.0.0.1:0"))
		if d := cmp.Diff([]string{"listener/1", "listener/2"}, v.names()); d != "" {
			t.Error(d)
		}
		if inode(t, socket(t, next, "old")) != inode(t, s) || next.Unused() != nil {
			t.Error("it is another socket")
		}
	}
}
