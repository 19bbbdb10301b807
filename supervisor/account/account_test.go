//go:build unix

package account

import (
	"os/user"
	"strings"
	"testing"
)

func TestKnown(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if id, err := UserID(u.Username); id != u.Uid || err != nil {
		t.Errorf("user %q is %q, %v", u.Username, id, err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := GroupID(g.Name); id != g.Gid || err != nil {
		t.Errorf("group %q is %q, %v", g.Name, id, err)
	}
}

func TestUnknown(t *testing.T) {
	for kind, lookup := range map[string]func(string) (string, error){"user": UserID, "group": GroupID} {
		if id, err := lookup("no-such-name"); id != "" || err == nil || !strings.HasPrefix(err.Error(), "this machine has no such "+kind+" (create it, ") {
			t.Errorf("%s: got %q, %v", kind, id, err)
		}
	}
}
