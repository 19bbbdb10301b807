package registry

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestMirror(t *testing.T) {
	v := newMemory(t)
	var told []string
	mirror := Options{
		Vault: v,
		Opened: func(name string, _ *fdpass.Descriptor) {
			told = append(told, "+"+name)
			if l := ledgerOf(t, v); !slices.Contains(l.Mirrored, name) || len(told) == 1 && !l.Untold {
				t.Errorf("killed now, %s would be forgotten: %q %t", name, l.Mirrored, l.Untold)
			}
		},
		Closed: func(name string) { told = append(told, "-"+name) },
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, told); d != "" {
			t.Errorf("%s:\n%s", what, d)
		}
		told = nil
	}
	r, _ := open(t, mirror)
	one, two := "unix://"+path(t), "unix://"+path(t)
	apply(t, r, listener(t, "a", one), listener(t, "b", two))
	expect("first", "+a", "+b")
	apply(t, r, listener(t, "a", one), listener(t, "b", two))
	expect("the same")
	apply(t, r, listener(t, "b", one), listener(t, "a", two))
	expect("exchanged", "-a", "-b", "+b", "+a")
	shutdownHere(t, socket(t, r, "a"))
	r.Status()
	expect("reopened", "-a", "+a")
	r, _ = v.next(t, r, mirror)
	apply(t, r, listener(t, "b", one))
	expect("next process, removed", "-a")
	r.Abandon()
	v.texts[StateName] = strings.Replace(v.texts[StateName], `"untold":false`, `"untold":true`, 1)
	mirror.Before = v.before(t)
	r, _ = open(t, mirror)
	apply(t, r, listener(t, "c", one))
	expect("killed while it told", "-b", "+c")
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	expect("closed") // it gives the socket back at the next start
}
