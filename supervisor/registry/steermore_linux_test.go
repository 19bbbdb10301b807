package registry

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// A socket that the program has made gets the backlog and new connections; a second time it is one that is there.
func TestSteerJoin(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, v := steeredBy(t, kind, "generation")
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		first := openFor(t, one, 0)
		must(t, r.Promote(User{"app", 1}))
		must(t, two.CanJoin(0))
		d, err := ownSocket(two.Address())
		must(t, err)
		defer d.Close()
		step(r, 2, 0, Started)
		must(t, two.Join(0, d))
		must(t, two.Join(0, d))
		members := two.Members(0)
		if len(members) != 1 || state(t, members[0]).Backlog != fdpass.SystemMaxBacklog() || len(v.names()) != 2 {
			t.Fatalf("%d members, %q are held", len(members), v.names())
		}
		wantArrivals(t, "before the promotion", 20, []*fdpass.Socket{first, members[0]}, 20, 0)
		must(t, r.Promote(User{"app", 2}))
		wantArrivals(t, "after it", 20, []*fdpass.Socket{first, members[0]}, 0, 20)
		if l := r.Status()[0]; !l.Members[1].Own || l.Steering != kind.String() {
			t.Errorf("status %+v", l)
		}
		two.Release() // the program has its descriptor still: the kernel must send it nothing
		one.Release()
		awaitMembers(t, r, "web", 1)
	})
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	if err := acquire(t, r, "app", 1, "web")[0].CanJoin(0); err == nil || !strings.Contains(err.Error(), `sharing = "all"`) {
		t.Errorf("one socket for all: %v", err)
	}
}

// A worker that shuts its socket down, or listens again, changes nothing for long, neither for itself nor for others.
func TestSteerRepair(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, rec, _ := steeredBy(t, kind, "worker")
		lease := acquire(t, r, "app", 1, "web")[0]
		must(t, r.Promote(User{"app", 1}))
		var sockets []*fdpass.Socket
		for i := range 3 {
			sockets = append(sockets, openFor(t, lease, i))
			step(r, 1, i, Started, Ready, Promoted)
		}
		must(t, sockets[0].Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }))
		must(t, sockets[1].Descriptor().Use(func(fd int) error { return unix.Listen(fd, 3) }))
		rec.wait(t, "worker shut a listener down, listening again")
		r.Status()
		for i, s := range sockets {
			if st := state(t, s); !st.Listening || st.Backlog != fdpass.SystemMaxBacklog() {
				t.Errorf("socket %d: %+v", i, st)
			}
		}
		for i, n := range arrivals(t, 300, sockets...) {
			if n < 30 {
				t.Errorf("worker %d got %d of 300 connections", i, n)
			}
		}
	})
}

// A reload reaches every socket, and takes the listener along under another name.
func TestSteerReload(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, v := steeredBy(t, kind, "generation")
		one, two := acquire(t, r, "app", 1, "web")[0], acquire(t, r, "app", 2, "web")[0]
		both := []*fdpass.Socket{openFor(t, one, 0), openFor(t, two, 0)}
		must(t, r.Promote(User{"app", 1}))
		priority := 3
		apply(t, r, listener(t, "front", "tcp://127.0.0.1:0", sharing("generation"), backlog(7), func(l *config.Listener) { l.Options.Priority = &priority }))
		for i, s := range both {
			if st := state(t, s); st.Backlog != 7 || socketPriority(t, s) != 3 {
				t.Errorf("socket %d: %+v", i, st)
			}
		}
		must(t, r.Promote(User{"app", 2}))
		wantArrivals(t, "under another name", 20, both, 0, 20)
		_, err := r.Prepare([]*config.Listener{listener(t, "front", "tcp://127.0.0.1:0")})
		if err == nil || !strings.Contains(err.Error(), `cannot change sharing of listener "front"`) {
			t.Errorf("to one socket for all: %v", err)
		}
		must(t, r.Hold("front"))
		if !both[0].Paused() || !both[1].Paused() {
			t.Error("not every socket is held")
		}
		must(t, r.Release("front"))
		apply(t, r)
		wantArrivals(t, "removed", 5, both, 0, 5)
		one.Release()
		two.Release()
		if got := v.names(); len(got) != 0 || connects(both[0].Address()) {
			t.Errorf("a removed listener is open, %q are held", got)
		}
	})
}

// A listener that all generations share gets to have a socket for each while it is in use.
func TestSteerLate(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, rec, _ := kept(t)
		r.best = func() steer.Kind { return kind }
		apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
		one := acquire(t, r, "app", 1, "web")[0]
		first := openFor(t, one, 0)
		step(r, 1, 0, Started, Ready, Promoted)
		apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", sharing("generation")))
		two := acquire(t, r, "app", 2, "web")[0]
		second := openFor(t, two, 0)
		if second == first || openFor(t, one, 0) != first {
			t.Fatal("the generations have one socket")
		}
		both := []*fdpass.Socket{first, second}
		wantArrivals(t, "before the promotion", 20, both, 20, 0)
		must(t, r.Promote(User{"app", 2}))
		wantArrivals(t, "after it", 20, both, 0, 20)
		one.Release()
		awaitMembers(t, r, "web", 1)
		wantArrivals(t, "alone", 20, both[1:], 20)
		quiet(t, rec, "listener open")
	})
}

// A socket that another program has open is not joined silently.
func TestSteerInUse(t *testing.T) {
	d, err := ownSocket(fdpass.Address{})
	must(t, err)
	defer d.Close()
	other, err := fdpass.Join(fdpass.Spec{Name: "other", Address: fdpass.Address{Network: "tcp", Host: "127.0.0.1"}, UID: -1, GID: -1}, mustDup(t, d))
	must(t, err)
	defer other.Close()
	r, _ := open(t, Options{})
	_, err = r.Prepare([]*config.Listener{listener(t, "web", other.Address().String(), sharing("generation"))})
	if err == nil || !strings.Contains(err.Error(), "cannot bind") {
		t.Errorf("got %v", err)
	}
	if _, err := r.Duplicates("web"); err == nil {
		t.Error("gave a listener away that there is not")
	}
}

func mustDup(t *testing.T, d *fdpass.Descriptor) *fdpass.Descriptor {
	t.Helper()
	dup, err := d.Dup()
	must(t, err)
	return dup
}

// A socket that the worker's program has closed gets nothing any more, and goes; the last one stays, and what others may have open.
func TestSteerDeserted(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		r, _, v := steeredBy(t, kind, "generation")
		lease := acquire(t, r, "app", 1, "web")[0]
		first := openFor(t, lease, 0)
		must(t, r.Promote(User{"app", 1}))
		step(r, 1, 0, Started, Ready, Promoted)
		for range 2 {
			d, err := ownSocket(lease.Address())
			must(t, err)
			must(t, lease.Join(0, d))
			must(t, d.Close())
		}
		all := lease.Members(0)
		lease.Deserted(0, all)
		if got := lease.Members(0); len(all) != 3 || len(got) != 3 {
			t.Fatalf("%d sockets are left of %d", len(got), len(all))
		}
		step(r, 1, 1, Started)
		lease.Deserted(0, all[1:])
		if got := lease.Members(0); len(got) != 3 {
			t.Errorf("%d sockets are left, which another worker may have open", len(got))
		}
		step(r, 1, 1, Gone)
		lease.Deserted(0, all[1:])
		wantArrivals(t, "with two closed", 30, []*fdpass.Socket{first}, 30)
		awaitMembers(t, r, "web", 1)
		step(r, 1, 0, Draining, Gone)
		if got := v.names(); len(got) != 1 {
			t.Errorf("%q are held", got)
		}
	})
}

// A socket that another worker of the generation has made is its own business.
func TestSteerDesertedByOthers(t *testing.T) {
	r, _, _ := steeredBy(t, steer.Classic, "generation")
	lease := acquire(t, r, "app", 1, "web")[0]
	openFor(t, lease, 5) // else it is nobody's, and waits to be closed
	must(t, r.Promote(User{"app", 1}))
	for worker := range 2 {
		step(r, 1, worker, Started)
	}
	for worker := range 2 {
		d, err := ownSocket(lease.Address())
		must(t, err)
		must(t, lease.Join(worker, d))
		must(t, d.Close())
	}
	all := lease.Members(0)
	lease.Deserted(0, all[2:])
	lease.Deserted(1, all[1:2])
	if got := lease.Members(0); len(all) != 3 || len(got) != 3 {
		t.Errorf("%d sockets are left of %d", len(got), len(all))
	}
	lease.Deserted(0, all[1:2])
	if got := lease.Members(0); len(got) != 2 {
		t.Errorf("%d sockets are left, of which one is deserted", len(got))
	}
}

// A program that makes one socket after the other does not get all descriptors.
func TestSteerManyOwn(t *testing.T) {
	r, _, _ := steeredBy(t, steer.Classic, "generation")
	lease := acquire(t, r, "app", 1, "web")[0]
	openFor(t, lease, 0)
	must(t, r.Promote(User{"app", 1}))
	var last *fdpass.Descriptor
	for n := 1; n < maxOwn; n++ {
		d, err := ownSocket(lease.Address())
		must(t, err)
		defer d.Close()
		must(t, lease.Join(0, d))
		last = d
	}
	d, err := ownSocket(lease.Address())
	must(t, err)
	defer d.Close()
	if err := lease.Join(0, d); err == nil || !strings.Contains(err.Error(), "has 256 already") {
		t.Errorf("one more: %v", err)
	}
	must(t, lease.Join(0, last)) // one that is there
}
