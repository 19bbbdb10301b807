package steer

import "testing"

// TestProcEarlier goes on where a killed process left off.
func TestProcEarlier(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		end := r.pair()
		end()
		r.expect("new") // without anybody
		g := r.open("old", "new")
		r.expect("new") // Open changes nothing
		stop := r.load()
		if err := g.Steer(to("new")); err != nil {
			t.Fatal(err)
		}
		if got := stop(); got["new"] == 0 || len(got) > 1 {
			t.Errorf("while the program was replaced, connections went to %v", got)
		}
		r.settle("new")
		for _, key := range []string{"old", "new", "old"} {
			r.steer(to(key))
			r.expect(key)
		}
		if err := g.Leave("new"); err != nil {
			t.Fatal(err)
		}
		r.expect("old")
	})
}

// TestProcEarlierLives steers while the earlier process has its map still open: by a classic program, until it is gone.
func TestProcEarlierLives(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		end := r.pair()
		g := r.open("old", "new")
		for _, key := range []string{"old", "new", "old"} {
			r.steer(to(key))
			r.expect(key)
		}
		if g.Kind() != Classic {
			t.Errorf("%s steers while the map of another process has the sockets", g.Kind())
		}
		end()
		r.expect("old")
		r.settle("new")
		r.expect("new")
	})
}

// settle steers until the kind that is wanted does it: a busy kernel can need more than one Steer waits.
func (r *rig) settle(key string) {
	r.t.Helper()
	for r.t.Context().Err() == nil {
		if r.steer(to(key)); r.group.Kind() == r.kind {
			return
		}
	}
}

// pair has another process steer two sockets to "new".
func (r *rig) pair() (end func()) {
	r.t.Helper()
	r.listen("old")
	r.listen("new")
	end = r.earlier("new")
	r.expect("new")
	return end
}

// open makes another group of the rig's sockets.
func (r *rig) open(keys ...string) *Group {
	r.t.Helper()
	var members []Member
	for _, key := range keys {
		members = append(members, Member{key, r.socks[key]})
	}
	g, err := Open(r.kind, members)
	if err != nil {
		r.t.Fatal(err)
	}
	r.group.Close()
	r.group = g
	return g
}

func (r *rig) expect(key string) {
	r.t.Helper()
	for range 20 {
		if who := r.who(); who != key {
			r.t.Fatalf("a connection went to %s, expected %s", who, key)
		}
	}
}
