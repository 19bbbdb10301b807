package steer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcMistakes calls what must be refused, and has everything go on as before.
func TestProcMistakes(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new")
		closed := listenAt(t, &r.at)
		_ = closed.Close()
		shut := listenAt(t, &r.at)
		defer shut.Close()
		_ = shutdown(shut)
		tests := []struct {
			name, expected string
			call           func() error
		}{
			{"join twice", `cannot join member "old": there is one of this name`, func() error { return r.group.Join(Member{"old", r.socks["old"]}) }},
			{"join what is closed", `cannot join member "x": it does not listen`, func() error { return r.group.Join(Member{"x", closed}) }},
			{"join what does not listen", `cannot join member "x": it does not listen`, func() error { return r.group.Join(Member{"x", shut}) }},
			{"leave unknown", `cannot take member "x" out: it is no member`, func() error { return r.group.Leave("x") }},
			{"steer to unknown", `cannot steer to "x": it is no member`, func() error { return r.group.Steer(to("x")) }},
			{"steer to nobody", "cannot steer to nobody: no current member is named", func() error { return r.group.Steer(Choice{}) }},
		}
		for _, tt := range tests {
			if err := tt.call(); err == nil || err.Error() != tt.expected {
				t.Errorf("%s: %v, expected %s", tt.name, err, tt.expected)
			}
		}
		r.group.Lost("x")
		if got := r.group.Order(); !slices.Equal(got, []string{"old", "new"}) {
			t.Errorf("order %v", got)
		}
		r.expect("old")
	})
}

func TestOpenNone(t *testing.T) {
	if _, err := Open(None, nil); err == nil {
		t.Error("a group of no kind was opened")
	}
}

// TestProcOpenFails gives the error and keeps nothing when a member does not listen.
func TestProcOpenFails(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		m := r.listen("old")
		_ = shutdown(m.Descriptor)
		if _, err := Open(r.kind, []Member{m}); err == nil || !strings.Contains(err.Error(), "does not listen") {
			t.Error(err)
		}
	})
}

// TestProcManyMembers has more of them, and more gaps between the current ones, than fit behind one jump of a classic program.
func TestProcManyMembers(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		var all, even []string
		for i := range 300 {
			all = append(all, fmt.Sprint(i))
			if i%2 == 0 {
				even = append(even, fmt.Sprint(i))
			}
		}
		r.with(all...)
		r.steer(Choice{Current: even, Canary: all[1:2], Share: 0.5})
		canary := 0
		for range 1000 {
			switch who := r.who(); {
			case who == "1":
				canary++
			case !slices.Contains(even, who):
				t.Fatalf("a connection went to %s", who)
			}
		}
		if canary < 400 || canary > 600 {
			t.Errorf("%d of 1000 connections went to the canary", canary)
		}
	})
}

// TestProcReturns has a member's socket listen again after it was shut down: at the end of the order, and without anything to do at first.
func TestProcReturns(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("a", "b", "c") // the port of "a" was the kernel's choice, and would be lost
		r.steer(to("c"))
		if err := r.group.Leave("b"); err != nil {
			t.Fatal(err)
		}
		_ = r.socks["b"].Use(func(fd int) error { return unix.Listen(fd, 100) })
		if err := r.group.Join(Member{"b", r.socks["b"]}); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"c", "b", "a"} {
			r.steer(to(key))
			r.expect(key)
		}
	})
}

// TestProcSlotsStayApart has a new member come when a current one has gone and nobody has steered since: it gets nothing.
func TestProcSlotsStayApart(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("a", "b", "c")
		r.steer(to("a", "c"))
		_ = shutdown(r.socks["a"])
		r.group.Lost("a")
		r.join("d")
		r.expect("c")
	})
}

// TestProcUnnoticed has a current member shut down, and nobody has told the group: a program that looks sockets up goes on with the others.
func TestProcUnnoticed(t *testing.T) {
	for _, kind := range kinds() {
		if kind != Extended {
			continue // places have changed: the kernel takes anybody
		}
		r := newRig(t, kind, loopback4).with("a", "b", "c")
		r.steer(to("a", "c"))
		_ = shutdown(r.socks["a"])
		r.expect("c")
	}
}
