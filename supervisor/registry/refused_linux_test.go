package registry

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// refusing has the kernel refuse every new descriptor, and so every eBPF program, while f runs. Without eBPF there is nothing that it refuses.
func refusing(t *testing.T, f func()) {
	t.Helper()
	var was unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: was.Max}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &was)) }()
	f()
}

// extended gives a registry that steers with eBPF, and its first two generations, of which the first one serves.
func extended(t *testing.T) (r *Registry, rec *record, leases []*Lease, sockets []*fdpass.Socket) {
	t.Helper()
	if err := steer.Detect().Extended; err != nil {
		t.Skipf("classic programs need nothing that could be refused: %v", err)
	}
	r, rec, _ = steeredBy(t, steer.Extended, "generation")
	r.between = time.Millisecond
	for n := range 2 {
		l := acquire(t, r, "app", n+1, "web")[0]
		leases, sockets = append(leases, l), append(sockets, openFor(t, l, 0))
	}
	must(t, r.Promote(User{"app", 1}))
	return r, rec, leases, sockets
}

// A socket that cannot leave now stays, and goes later.
func TestRefusedLeave(t *testing.T) {
	r, rec, leases, sockets := extended(t)
	_, err := r.Probe(User{"app", 2}, 0, "web", netip.MustParseAddrPort("127.0.0.1:4711"))
	must(t, err)
	refusing(t, func() {
		leases[1].Release()
		rec.wait(t, "cannot close a socket of a listener")
		r.Status()
		step(r, 1, 0, Started)
	})
	awaitMembers(t, r, "web", 1)
	wantArrivals(t, "alone", 20, sockets[:1], 20)
}

// The share of a canary that has gone is given back as soon as the kernel takes it.
func TestRefusedSteer(t *testing.T) {
	r, rec, leases, sockets := extended(t)
	must(t, r.Canary(User{"app", 2}, 0.5))
	refusing(t, func() {
		leases[1].Release()
		rec.wait(t, "new connections go where they went before")
	})
	awaitMembers(t, r, "web", 1)
	wantArrivals(t, "alone", 20, sockets[:1], 20)
}

// A promotion that the kernel refuses is tried again, unless the one before is promoted instead.
func TestRefusedPromote(t *testing.T) {
	r, _, _, sockets := extended(t)
	promote := func() {
		t.Helper()
		if err := r.Promote(User{"app", 2}); err == nil || !strings.Contains(err.Error(), `cannot steer connections of listener "web"`) {
			t.Errorf("got %v", err)
		}
	}
	refusing(t, func() {
		promote()
		must(t, r.Promote(User{"app", 1}))
	})
	step(r, 2, 0, Started)
	step(r, 2, 0, Draining)
	wantArrivals(t, "the one before", 20, sockets, 20, 0)
	refusing(t, promote)
	for !r.Status()[0].Members[1].Current {
		if t.Context().Err() != nil {
			t.Fatal("it is not tried again")
		}
	}
	wantArrivals(t, "tried again", 20, sockets, 0, 20)
}

// A socket stands for a moment whenever it is about to be closed, not only the first time.
func TestLeavingTwice(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, _ := steeredBy(t, kind, "generation")
		r.between, r.atMost = time.Hour, 2*time.Hour
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		first := openFor(t, one, 0)
		openFor(t, two, 0)
		must(t, r.Promote(User{"app", 2}))
		one.Release()
		var since time.Time
		leaving := func() (m *member) {
			r.do(func() { m = r.bySocket[first]; since = m.leaving })
			return m
		}
		if leaving(); since.IsZero() {
			t.Fatal("it does not leave")
		}
		must(t, r.Rest(User{"app", 2}))
		three := acquire(t, r, "app", 3, "web")[0]
		if openFor(t, three, 0) != first {
			t.Fatal("the next generation has another one")
		}
		must(t, r.Promote(User{"app", 3}))
		if leaving(); !since.IsZero() {
			t.Error("one that serves is leaving")
		}
		must(t, r.Promote(User{"app", 2}))
		three.Release()
		if leaving(); since.IsZero() {
			t.Error("it does not leave a second time")
		}
	})
}

// A process that finds nothing to steer with, or gets no descriptor for it, goes on with all sockets, and so does the one after it.
func TestRefusedAtStart(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, v := steeredBy(t, kind, "generation")
		r.between, r.atMost = time.Millisecond, time.Millisecond
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		openFor(t, one, 0)
		second := inode(t, openFor(t, two, 0))
		must(t, r.Promote(User{"app", 2}))
		one.Release()
		awaitMembers(t, r, "web", 1)
		web := listener(t, "web", "tcp://127.0.0.1:0", sharing("generation"))
		three := acquire(t, r, "app", 3, "web")[0]
		openFor(t, three, 0)
		held := v.names()
		for _, found := range []steer.Kind{steer.None, kind} {
			states := []LeaseState{two.State()}
			r.Abandon()
			log, out := newRecord()
			r = prepared(Options{Log: out, Vault: v}, unwatched{})
			r.best = func() steer.Kind { return found }
			must(t, r.restore(v.before(t)))
			go r.run()
			t.Cleanup(r.Abandon)
			for _, n := range []int{2, 3} {
				leases, err := r.Reacquire(User{"app", n}, states)
				must(t, err)
				two = leases[0]
			}
			apply(t, r, web)
			if got := v.names(); len(got) != len(held) || len(log.find("listener is lost")) > 0 {
				t.Errorf("with %s %q are held, before %q", found, got, held)
			}
		}
		members := two.Members(0)
		both := []*fdpass.Socket{socketOf(t, r, User{"app", 2}), members[0]}
		if inode(t, both[0]) != second {
			t.Error("it is another socket")
		}
		wantArrivals(t, "afterwards", 20, both, 20, 0)
		must(t, r.Promote(User{"app", 3}))
		wantArrivals(t, "promoted", 20, both, 0, 20)
	})
}

// socketOf gives the only socket of a generation.
func socketOf(t *testing.T, r *Registry, u User) (s *fdpass.Socket) {
	t.Helper()
	r.do(func() { s = r.byName["web"].membersOf(u)[0].socket })
	return s
}
