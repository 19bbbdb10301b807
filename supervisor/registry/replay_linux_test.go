package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// disputed gives a registry where generation 1 decided for O_NONBLOCK, is promoted and lives, and generation 2 wants it
// off.
func disputed(t *testing.T) (*Registry, *memory, []*Lease) {
	t.Helper()
	r, _, v := kept(t)
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	leases := acquire(t, r, "app", 1, "web")
	s := leases[0].Socket()
	event(r, 1, 41, Started)
	set(t, s, true)
	event(r, 1, 41, Ready, Promoted)
	r.do(func() { r.byName["web"].recent = nil }) // as after the recheck
	leases = append(leases, acquire(t, r, "app", 2, "web")...)
	event(r, 2, 42, Started)
	set(t, s, false)
	event(r, 2, 42, Ready)
	if !state(t, s).Nonblocking {
		t.Fatal("the flag was not put back")
	}
	return r, v, leases
}

func set(t *testing.T, s *fdpass.Socket, nonblocking bool) {
	t.Helper()
	if err := s.SetNonblocking(nonblocking); err != nil {
		t.Fatal(err)
	}
}

// The one who decided decides, in whatever order the workers are told about, and nobody is blamed for what was settled.
func TestReplayKeepsWhoDecides(t *testing.T) {
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		r, v, leases := disputed(t)
		next, rec := v.next(t, r, Options{}, leases...)
		for _, g := range order {
			event(next, g, 40+g, Started, Ready)
			if g == 1 {
				event(next, g, 41, Promoted, Draining)
			}
		}
		apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
		quiet(t, rec)
		s := socket(t, next, "web")
		if !state(t, s).Nonblocking {
			t.Errorf("order %v: the flag has another value", order)
		}
		set(t, s, false)
		event(next, 2, 42, Ready)
		rec.one(t, "worker changed O_NONBLOCK of a shared listener, put back")
		event(next, 2, 42, Promoted)
		event(next, 1, 41, Gone)
		if state(t, s).Nonblocking {
			t.Errorf("order %v: the wish of generation 2 is lost", order)
		}
	}
}

// The deciding generation ended while nobody looked: the next one in line has its wish.
func TestReplayWithoutTheDecidingOne(t *testing.T) {
	r, v, leases := disputed(t)
	event(r, 2, 42, Promoted)
	next, rec := v.next(t, r, Options{}, leases...)
	event(next, 2, 42, Started, Ready, Promoted)
	s := next.leases[User{"app", 2}][0].Socket()
	if !state(t, s).Nonblocking {
		t.Error("something was changed before the Commit")
	}
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	if state(t, s).Nonblocking {
		t.Error("the flag is still that of generation 1")
	}
	quiet(t, rec)
}

// With nobody left the flag is what it was when the listener was opened, two processes ago.
func TestReplayWithoutWorkers(t *testing.T) {
	r, v, leases := disputed(t)
	r, _ = v.next(t, r, Options{}, leases...)
	next, _ := v.next(t, r, Options{})
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	if state(t, socket(t, next, "web")).Nonblocking {
		t.Error("the flag is still set")
	}
	if l := ledgerOf(t, v); len(l.Promoted) != 0 || l.Promotions != 1 {
		t.Errorf("ranks of generations that are gone: %+v", l.Promoted)
	}
}

// Ranks go on where they were: the later of two promoted generations follows.
func TestReplayKeepsRanks(t *testing.T) {
	r, v, leases := disputed(t)
	event(r, 2, 42, Promoted)
	next, _ := v.next(t, r, Options{}, leases...)
	event(next, 2, 42, Started, Ready, Promoted)
	event(next, 1, 41, Started, Ready, Promoted)
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	acquire(t, next, "app", 3, "web")
	event(next, 3, 43, Started, Ready, Promoted)
	want := []rank{{User{"app", 1}, 1}, {User{"app", 2}, 2}, {User{"app", 3}, 3}}
	if d := cmp.Diff(want, ledgerOf(t, v).Promoted); d != "" {
		t.Error(d)
	}
}

// A worker that ends during the replay is not judged either.
func TestReplayGone(t *testing.T) {
	r, v, leases := disputed(t)
	next, rec := v.next(t, r, Options{}, leases...)
	event(next, 1, 41, Started, Gone)
	event(next, 2, 42, Started, Ready)
	next.Status()
	if s := next.leases[User{"app", 1}][0].Socket(); !state(t, s).Nonblocking {
		t.Error("the flag was changed before all workers are known")
	}
	apply(t, next, listener(t, "web", "tcp://127.0.0.1:0"))
	quiet(t, rec)
}

// What was opened for a change that nobody committed is in nobody's way.
func TestStrayInTheWay(t *testing.T) {
	r, _, v := kept(t)
	if _, err := r.Prepare([]*config.Listener{listener(t, "web", "tcp://127.0.0.1:0")}); err != nil {
		t.Fatal(err)
	}
	at := r.pending.items[0].fresh.Address().String()
	next, rec := v.next(t, r, Options{})
	apply(t, next, listener(t, "other", at))
	if !connects(socket(t, next, "other").Address()) {
		t.Error("it does not accept")
	}
	quiet(t, rec, "listener closed", "listener open")
}

// A listener that was opened for a change that nobody committed is not opened twice by the process that does.
func TestStrayIsUsed(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "unix://"+path(t))
	if _, err := r.Prepare([]*config.Listener{web}); err != nil {
		t.Fatal(err)
	}
	queue(t, r.pending.items[0].fresh.Address())
	next, rec := v.next(t, r, Options{})
	apply(t, next, web)
	if !accepts(t, socket(t, next, "web")) {
		t.Error("the client is lost")
	}
	quiet(t, rec)
	// With an attribute that cannot change it is of no use.
	if _, err := next.Prepare([]*config.Listener{web, listener(t, "t", "tcp://127.0.0.1:0")}); err != nil {
		t.Fatal(err)
	}
	share := func(l *config.Listener) { yes := true; l.Options.ReusePort = &yes }
	last, _ := v.next(t, next, Options{})
	apply(t, last, web, listener(t, "t", "tcp://127.0.0.1:0", share))
	if l := ledgerOf(t, v); len(l.Listeners) != 2 || *l.Listeners[1].Socket.Spec.Options.ReusePort != true {
		t.Errorf("the ledger has %+v", l.Listeners)
	}
}

// Killed while options were changing: the next process makes them what its configuration says, whichever that is.
func TestChangeIsInterrupted(t *testing.T) {
	priority := func(n int) func(*config.Listener) {
		return func(l *config.Listener) { l.Options.Priority = &n }
	}
	for _, want := range []int{0, 3, 5} {
		r, _, v := kept(t)
		const address = "tcp://127.0.0.1:0"
		apply(t, r, listener(t, "web", address))
		c, err := r.Prepare([]*config.Listener{listener(t, "web", address, priority(3))})
		if err != nil {
			t.Fatal(err)
		}
		saves := 0
		var then string
		v.failing(func(verb, _ string) error {
			if verb == "Save" {
				if saves++; saves == 2 { // it is changed, and that it holds cannot be saved any more
					then = v.texts[StateName]
				}
			}
			return nil
		})
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		v.failing(nil)
		v.texts[StateName] = then
		r.Abandon()
		if l := ledgerOf(t, v); l.Listeners[0].Change == nil {
			t.Fatal("the intention is not in the ledger")
		}
		next, rec := open(t, Options{Vault: v, Before: v.before(t)})
		web := listener(t, "web", address, priority(want))
		if want == 0 {
			web = listener(t, "web", address)
		}
		apply(t, next, web)
		if got := socketPriority(t, socket(t, next, "web")); got != want {
			t.Errorf("priority %d, want %d", got, want)
		}
		quiet(t, rec)
	}
}
