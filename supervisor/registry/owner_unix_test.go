//go:build unix

package registry

import (
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

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
