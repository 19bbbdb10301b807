package registry

import (
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
