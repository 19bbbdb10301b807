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

func TestNewSpecOwners(t *testing.T) {
	cases := []struct {
		owner, group string
		uid, gid     int
		err          string
	}{
		{"", "", -1, -1, ""},
		{"0", "0", 0, 0, ""},
		{"root", "root", 0, 0, ""},
		{"4294967294", "", 4294967294, -1, ""},
		{"no-such-user-here", "", -1, -1,
			`cannot find owner "no-such-user-here" of listener "web": this machine has no such user (create it, or give another name or a number)`},
		{"", "no-such-group-here", -1, -1,
			`cannot find group "no-such-group-here" of listener "web": this machine has no such group (create it, or give another name or a number)`},
		{"4294967295", "", -1, -1,
			`cannot find owner "4294967295" of listener "web": this machine has no such user (create it, or give another name or a number)`},
		{"-1", "", -1, -1,
			`cannot find owner "-1" of listener "web": this machine has no such user (create it, or give another name or a number)`},
	}
	for _, c := range cases {
		spec, err := newSpec(&config.Listener{Name: "web", Owner: c.owner, Group: c.group})
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != c.err {
			t.Errorf("%q %q: error %q, want %q", c.owner, c.group, text, c.err)
		}
		if spec.UID != c.uid || spec.GID != c.gid {
			t.Errorf("%q %q: got %d %d, want %d %d", c.owner, c.group, spec.UID, spec.GID, c.uid, c.gid)
		}
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
