package control

import (
	"context"
	"errors"
	"os"
	"testing"
)

func withUser(ctx context.Context, uid int) context.Context {
	return context.WithValue(ctx, peerKey{}, peer{uid: uid, gid: uid, pid: 1})
}

func TestGate(t *testing.T) {
	g := gate{uid: 1000, gid: 50}
	for name, c := range map[string]struct {
		gate gate
		peer peer
		ok   bool
	}{
		"same user":              {g, peer{uid: 1000, gid: 1}, true},
		"root":                   {g, peer{uid: 0, gid: 1}, true},
		"primary group":          {g, peer{uid: 7, gid: 50}, true},
		"supplementary group":    {g, peer{uid: 7, gid: 7, groups: []int{3, 50}}, true},
		"stranger":               {g, peer{uid: 7, gid: 7, groups: []int{8}}, false},
		"no group configured":    {gate{1000, -1}, peer{uid: 7, gid: 50, groups: []int{50}}, false},
		"not known":              {g, peer{uid: 0, err: errors.New("no")}, false},
		"unknown user, our mark": {gate{-1, -1}, peer{uid: -1, err: errors.New("no")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.gate.check(c.peer); (err == nil) != c.ok {
				t.Errorf("check(%+v) = %v", c.peer, err)
			}
		})
	}
}

func TestRefusalIsClear(t *testing.T) {
	err := gate{uid: 1000, gid: 50}.check(peer{uid: 7})
	want := "user 7 may not control this supervise: only user 1000, members of group 50 and root may (see control.group)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestNobodyIsRefused(t *testing.T) {
	f := &fake{}
	s := NewServer(Options{Backend: f, GID: -1})
	s.gate.uid = 1000
	r := ask(s, "GET", "/v1/version", "")
	if os.Geteuid() != 0 && r.Code != 403 {
		t.Errorf("our own user got %d", r.Code)
	}
	if p := peerOf(context.Background()); p.err == nil || s.gate.check(p) == nil {
		t.Errorf("a request without a connection got in as %+v", p)
	}
}

// TestProcOwnCredentials asks the kernel over a real socket.
func TestProcOwnCredentials(t *testing.T) {
	c, _ := serve(t, &fake{})
	if v, err := c.Version(t.Context()); err != nil || v.Version != "v1" {
		t.Errorf("version %q, %v", v, err)
	}
}
