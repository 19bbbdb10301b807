package registry

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAcquireUnknown(t *testing.T) {
	r, _ := open(t, Options{})
	p := path(t)
	apply(t, r, listener(t, "web", "unix://"+p))
	_, err := r.Acquire([]string{"web", "nope"}, User{"app", 3})
	const want = `cannot give generation 3 of service "app" its listeners: there is no listener "nope"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	apply(t, r)
	if l := r.Status(); len(l) != 0 {
		t.Errorf("the failed Acquire left a lease on %v", l)
	}
}

// A removed listener serves until the last generation that has it is gone.
func TestRemovedServesUntilTheLastRelease(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://" + path(t)} {
		r, _ := open(t, Options{})
		apply(t, r, listener(t, "web", address))
		one, two := acquire(t, r, "app", 1, "web"), acquire(t, r, "app", 2, "web")
		again := acquire(t, r, "app", 2, "web")
		at, count := one[0].Socket().Address(), descriptors(t)
		apply(t, r)
		for i, l := range []*Lease{one[0], two[0], again[0]} {
			if !connects(at) {
				t.Errorf("%s refuses with %d leases left", at, 3-i)
			}
			l.Release()
			l.Release()
		}
		if connects(at) {
			t.Errorf("%s accepts after the last release", at)
		}
		if now := descriptors(t); now >= count {
			t.Errorf("%d descriptors, before %d", now, count)
		}
		if len(r.Status()) != 0 {
			t.Error("status shows a closed listener")
		}
	}
}

// The descriptors are in the order of the service's list, whatever the order of the file.
func TestAcquireOrder(t *testing.T) {
	r, _ := open(t, Options{})
	apply(t, r, listener(t, "a", "tcp://127.0.0.1:0"), listener(t, "b", "tcp://127.0.0.1:0"), listener(t, "c", "tcp://127.0.0.1:0"))
	var got []string
	for _, l := range acquire(t, r, "app", 1, "c", "a", "b") {
		got = append(got, l.Socket().Name()+" "+l.Name())
	}
	if d := cmp.Diff([]string{"c c", "a a", "b b"}, got); d != "" {
		t.Error(d)
	}
}

// A generation knows its listener by the name it acquired it by, also after a reload has renamed it.
func TestLeaseKeepsItsName(t *testing.T) {
	r, rec := open(t, Options{})
	p := path(t)
	apply(t, r, listener(t, "web", "unix://"+p, backlog(9)))
	lease := acquire(t, r, "app", 1, "web")[0]
	apply(t, r, listener(t, "front", "unix://"+p, backlog(9)), listener(t, "web", "tcp://127.0.0.1:0"))
	event(r, 1, 77, Started)
	relistenHere(t, lease.Socket(), 3)
	event(r, 1, 77, Ready)
	line := rec.one(t, "worker changed the backlog of a listener, put back")
	sameWorker(t, line, 1, 77)
	if line["listener"] != "front" {
		t.Errorf("the line is about %v", line["listener"])
	}
}

func TestManyAtOnce(t *testing.T) {
	r, _ := open(t, Options{})
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	var wg sync.WaitGroup
	for service := range 8 {
		wg.Go(func() {
			for g := range 20 {
				u := User{fmt.Sprint("s", service), g}
				leases, err := r.Acquire([]string{"web"}, u)
				if err != nil {
					t.Error(err)
					return
				}
				for _, kind := range []string{Started, Ready, Promoted, Draining, Gone} {
					r.WorkerEvent(WorkerEvent{Service: u.Service, Generation: g, PID: 100*service + g, Names: []string{"web"}, Kind: kind})
				}
				r.Status()
				leases[0].Release()
			}
		})
	}
	wg.Wait()
	r.do(func() {
		h := r.byName["web"]
		if len(r.leases)+len(r.promoted)+len(r.workers)+len(h.users)+len(h.workers)+len(h.recent) != 0 {
			t.Error("something is left of generations that are gone")
		}
	})
}
