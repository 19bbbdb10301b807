package registry

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

func sharing(how string) func(*config.Listener) {
	return func(l *config.Listener) { l.Sharing = how }
}

// eachKind runs f with every kind of steering that this user may have.
func eachKind(t *testing.T, f func(t *testing.T, kind steer.Kind)) {
	t.Helper()
	s := steer.Detect()
	if s.Classic != nil {
		t.Fatal(s.Classic)
	}
	t.Run("cbpf", func(t *testing.T) { f(t, steer.Classic) })
	if s.Extended == nil {
		t.Run("ebpf", func(t *testing.T) { f(t, steer.Extended) })
	}
}

// steered gives a registry with a listener "web" that is shared as told.
func steeredBy(t *testing.T, kind steer.Kind, how string) (*Registry, *record, *memory) {
	t.Helper()
	r, rec, v := kept(t)
	r.best = func() steer.Kind { return kind }
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", sharing(how)))
	return r, rec, v
}

func openFor(t *testing.T, l *Lease, worker int) *fdpass.Socket {
	t.Helper()
	s, err := l.Open(worker)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// arrivals counts where n new connections arrive: their number for each of the sockets, which accept them all.
func arrivals(t *testing.T, n int, sockets ...*fdpass.Socket) []int {
	t.Helper()
	got := make([]int, len(sockets))
	at := net.JoinHostPort("127.0.0.1", port(sockets[0].Address()))
	for range n {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range sockets {
			if accepts(t, s) {
				got[i]++
			}
		}
		_ = c.Close()
	}
	return got
}

func wantArrivals(t *testing.T, what string, n int, sockets []*fdpass.Socket, want ...int) {
	t.Helper()
	if d := cmp.Diff(want, arrivals(t, n, sockets...)); d != "" {
		t.Errorf("%s:\n%s", what, d)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The first generation has the socket that was there from the start, the next one its own, and gets nothing before it is promoted.
func TestSteerGenerations(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, rec, _ := steeredBy(t, kind, "generation")
		base := inode(t, socket(t, r, "web"))
		one := acquire(t, r, "app", 1, "web")[0]
		first := openFor(t, one, 0)
		if again := openFor(t, one, 3); inode(t, first) != base || again != first {
			t.Error("the first generation has another socket than the one that is open")
		}
		must(t, r.Promote(User{"app", 1}))
		two := acquire(t, r, "app", 2, "web")[0]
		second := openFor(t, two, 0)
		if inode(t, second) == base || second.Address() != first.Address() {
			t.Errorf("the second generation has %s, the first one %s", second.Address(), first.Address())
		}
		both := []*fdpass.Socket{first, second}
		wantArrivals(t, "before the promotion", 50, both, 50, 0)
		must(t, r.Promote(User{"app", 2}))
		wantArrivals(t, "after it", 50, both, 0, 50)
		must(t, r.Promote(User{"app", 1}))
		wantArrivals(t, "rolled back", 50, both, 50, 0)
		must(t, r.Promote(User{"app", 2}))
		one.Release()
		awaitMembers(t, r, "web", 1)
		wantArrivals(t, "alone", 20, []*fdpass.Socket{second}, 20)
		two.Release()
		if l := r.Status(); len(l) != 1 || len(l[0].Members) != 1 || inode(t, socket(t, r, "web")) != inode(t, second) {
			t.Errorf("after the last generation: %+v", l)
		}
		wantArrivals(t, "for nobody", 5, []*fdpass.Socket{second}, 5)
		quiet(t, rec, "listener open")
	})
}

// awaitMembers waits until a listener has n sockets.
func awaitMembers(t *testing.T, r *Registry, name string, n int) {
	t.Helper()
	tick := time.NewTicker(leavePause / 4)
	defer tick.Stop()
	for {
		for _, l := range r.Status() {
			if l.Name == name && len(l.Members) == n {
				return
			}
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("listener %q does not get to have %d sockets: %+v", name, n, r.Status())
		}
	}
}

func TestSteerCanary(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, _ := steeredBy(t, kind, "generation")
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		both := []*fdpass.Socket{openFor(t, one, 0), openFor(t, two, 0)}
		must(t, r.Promote(User{"app", 1}))
		must(t, r.Canary(User{"app", 2}, 0.5))
		got := arrivals(t, 400, both...)
		if got[0]+got[1] != 400 || got[1] < 120 || got[1] > 280 {
			t.Errorf("of 400 connections at 50 %%: %v", got)
		}
		must(t, r.Canary(User{"app", 2}, 0))
		wantArrivals(t, "canary ended", 50, both, 50, 0)
		must(t, r.Canary(User{"app", 2}, 0.9))
		two.Release()
		wantArrivals(t, "canary gone", 50, both[:1], 50)
	})
}

// With strategy replace the old generation rests before the next one begins: clients wait at a socket that the next one takes.
func TestSteerRest(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, _ := steeredBy(t, kind, "generation")
		one := acquire(t, r, "app", 1, "web")[0]
		first := openFor(t, one, 0)
		must(t, r.Promote(User{"app", 1}))
		two := acquire(t, r, "app", 2, "web")[0]
		must(t, r.Rest(User{"app", 1}))
		must(t, r.Rest(User{"app", 1}))
		for range 5 {
			queue(t, first.Address())
		}
		if n := state(t, first).Queue; n != 0 {
			t.Errorf("%d connections came to a generation that rests", n)
		}
		second := openFor(t, two, 0)
		if n := state(t, second).Queue; n != 5 {
			t.Errorf("the next generation finds %d connections, want 5", n)
		}
		must(t, r.Promote(User{"app", 2}))
		one.Release()
		awaitMembers(t, r, "web", 1)
		if n := state(t, second).Queue; n != 5 {
			t.Errorf("%d connections are left, want 5", n)
		}
	})
}

func TestSteerWorkers(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, _ := steeredBy(t, kind, "worker")
		lease := acquire(t, r, "app", 1, "web")[0]
		must(t, r.Promote(User{"app", 1}))
		var sockets []*fdpass.Socket
		inodes := map[uint64]bool{}
		for i := range 4 {
			s := openFor(t, lease, i)
			sockets, inodes[inode(t, s)] = append(sockets, s), true
			step(r, 1, i, Started, Ready, Promoted)
		}
		if len(inodes) != 4 {
			t.Fatalf("%d sockets for 4 workers", len(inodes))
		}
		for i, n := range arrivals(t, 400, sockets...) {
			if n < 40 {
				t.Errorf("worker %d got %d of 400 connections", i, n)
			}
		}
		step(r, 1, 2, Gone) // a crash
		got := arrivals(t, 100, sockets...)
		if got[2] != 0 || got[0]+got[1]+got[3] != 100 {
			t.Errorf("with worker 2 down: %v", got)
		}
		if openFor(t, lease, 2) != sockets[2] {
			t.Error("its successor has another socket")
		}
		step(r, 1, 2, Started, Ready)
		if got := arrivals(t, 200, sockets...); got[2] == 0 {
			t.Errorf("with worker 2 up again: %v", got)
		}
		step(r, 1, 3, Draining, Gone) // scaled away
		awaitMembers(t, r, "web", 3)
		if got := arrivals(t, 100, sockets[:3]...); got[0]+got[1]+got[2] != 100 {
			t.Errorf("without worker 3: %v", got)
		}
	})
}

// step tells about a worker of a generation of service app that has listener web.
func step(r *Registry, generation, worker int, kinds ...string) {
	for _, k := range kinds {
		r.WorkerEvent(WorkerEvent{Service: "app", Generation: generation, Worker: worker, PID: 100*generation + worker, Names: []string{"web"}, Kind: k})
	}
}

func TestSteerProbe(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, _ := steeredBy(t, kind, "generation")
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		first, second := openFor(t, one, 0), openFor(t, two, 0)
		must(t, r.Promote(User{"app", 1}))
		from := freePort(t)
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from)}
		end, err := r.Probe(User{"app", 2}, 0, "web", from)
		must(t, err)
		c, err := d.Dial("tcp", net.JoinHostPort("127.0.0.1", port(first.Address())))
		must(t, err)
		if !accepts(t, second) || accepts(t, first) {
			t.Error("the probe did not reach the new generation alone")
		}
		_ = c.Close()
		wantArrivals(t, "others during the probe", 20, []*fdpass.Socket{first, second}, 20, 0)
		end()
		end()
	})
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	acquire(t, r, "app", 1, "web")
	if _, err := r.Probe(User{"app", 1}, 0, "web", freePort(t)); !errors.Is(err, ErrNotSteered) {
		t.Errorf("one socket for all: %v", err)
	}
}

// freePort gives a port that was free a moment ago, at an address of loopback from which nobody else comes.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.83.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}
