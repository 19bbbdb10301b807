//go:build !windows

package control

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// withUs is a connection of our own user.
func withUs(ctx context.Context) context.Context {
	uid := os.Geteuid()
	return context.WithValue(ctx, peerKey{}, peer{fdpass.Peer{UID: uid, GID: uid, PID: 1}, nil})
}

func TestGate(t *testing.T) {
	g := gate{uid: 1000, gid: 50}
	for name, c := range map[string]struct {
		gate gate
		peer peer
		ok   bool
	}{
		"same user":              {g, peer{fdpass.Peer{UID: 1000, GID: 1}, nil}, true},
		"root":                   {g, peer{fdpass.Peer{UID: 0, GID: 1}, nil}, true},
		"primary group":          {g, peer{fdpass.Peer{UID: 7, GID: 50}, nil}, true},
		"supplementary group":    {g, peer{fdpass.Peer{UID: 7, GID: 7, Groups: []int{3, 50}}, nil}, true},
		"stranger":               {g, peer{fdpass.Peer{UID: 7, GID: 7, Groups: []int{8}}, nil}, false},
		"no group configured":    {gate{1000, -1}, peer{fdpass.Peer{UID: 7, GID: 50, Groups: []int{50}}, nil}, false},
		"not known":              {g, peer{fdpass.Peer{UID: 0}, errors.New("no")}, false},
		"unknown user, our mark": {gate{-1, -1}, peer{fdpass.Peer{UID: -1}, errors.New("no")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.gate.check(c.peer); (err == nil) != c.ok {
				t.Errorf("check(%+v) = %v", c.peer, err)
			}
		})
	}
}

func TestRefusalIsClear(t *testing.T) {
	err := gate{uid: 1000, gid: 50}.check(peer{fdpass.Peer{UID: 7}, nil})
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
