package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestNewSpec(t *testing.T) {
	yes := true
	l := &config.Listener{
		Name: "web", Address: config.Address{Network: "unix", Path: "/run/web.sock"}, Backlog: 7, Mode: 0o660,
		Owner: "12", Group: "0", Options: config.Options{PassCredentials: &yes, SendBuffer: 4096},
	}
	want := fdpass.Spec{
		Name: "web", Address: fdpass.Address{Network: "unix", Path: "/run/web.sock"}, Backlog: 7, Mode: 0o660,
		UID: 12, GID: 0, Options: fdpass.Options{PassCredentials: &yes, SendBuffer: 4096},
	}
	got, err := newSpec(l)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOverlaps(t *testing.T) {
	cases := []struct {
		a, b string
		want bool
	}{
		{"tcp://[::]:80", "tcp://127.0.0.1:80", true},
		{"tcp://[::]:80", "tcp4://0.0.0.0:80", true},
		{"tcp://127.0.0.1:80", "tcp://127.0.0.1:80", true},
		{"tcp://127.0.0.1:80", "tcp://127.0.0.2:80", false},
		{"tcp://[::]:80", "tcp://[::]:81", false},
		{"tcp://[::]:80", "udp://[::]:80", false},
		{"unix:///a", "unixpacket:///a", true},
		{"unix:///a", "unix:///b", false},
		{"unix:///a", "tcp://[::]:80", false},
	}
	for _, c := range cases {
		a, b := address(t, c.a), address(t, c.b)
		if got := overlaps(a, b); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := overlaps(b, a); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

func address(t *testing.T, text string) fdpass.Address {
	t.Helper()
	a, err := config.ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return fdpass.Address(a)
}
