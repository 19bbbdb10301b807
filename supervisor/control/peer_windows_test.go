package control

import (
	"context"
	"errors"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// withUs is a connection of our own user.
func withUs(ctx context.Context) context.Context {
	own, err := pipe.User()
	return context.WithValue(ctx, peerKey{}, func() peer { return peer{pipe.Client{PID: 1, User: own}, err} })
}

// SIDs that nobody has.
const (
	alice = "S-1-5-21-1-2-3-1001"
	bob   = "S-1-5-21-1-2-3-1002"
	team  = "S-1-5-21-1-2-3-2001"
)

func TestGate(t *testing.T) {
	g := gate{user: alice, group: team}
	for name, c := range map[string]struct {
		gate gate
		who  pipe.Client
		err  error
		ok   bool
	}{
		"same user":           {g, pipe.Client{User: alice}, nil, true},
		"SYSTEM":              {g, pipe.Client{User: systemSID}, nil, true},
		"administrator":       {g, pipe.Client{User: bob, Groups: []string{"S-1-1-0", administratorsSID}}, nil, true},
		"member":              {g, pipe.Client{User: bob, Groups: []string{"S-1-1-0", team}}, nil, true},
		"stranger":            {g, pipe.Client{User: bob, Groups: []string{"S-1-1-0"}}, nil, false},
		"no group configured": {gate{user: alice}, pipe.Client{User: bob, Groups: []string{"", team}}, nil, false},
		"not known":           {g, pipe.Client{User: alice}, errors.New("no"), false},
		"nobody is":           {gate{}, pipe.Client{}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.gate.check(peer{c.who, c.err}); (err == nil) != c.ok {
				t.Errorf("check(%+v) = %v", c.who, err)
			}
		})
	}
}

func TestRefusalIsClear(t *testing.T) {
	err := gate{user: alice, group: team}.check(peer{pipe.Client{User: bob}, nil})
	want := "user " + bob + " may not control this supervise: only " + alice + ", members of " + team + ", Administrators and SYSTEM may (see control.group)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestNobodyIsRefused(t *testing.T) {
	s := NewServer(Options{Backend: &fake{}, GID: -1})
	s.gate.user = alice
	if own, err := pipe.User(); err != nil || own == alice {
		t.Fatal(own, err)
	}
	if r := ask(s, "GET", "/v1/version", ""); r.Code != 403 {
		t.Errorf("another user got %d", r.Code)
	}
	if p := peerOf(context.Background()); p.err == nil || s.gate.check(p) == nil {
		t.Errorf("a request without a connection got in as %+v", p)
	}
}
