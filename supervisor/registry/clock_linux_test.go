package registry

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// fakeWatcher reports what the test says.
type fakeWatcher struct {
	unwatched
	events chan fdpass.WatchEvent
}

func (f fakeWatcher) Events() <-chan fdpass.WatchEvent { return f.events }

// timed gives a registry in a bubble with one tcp listener and its worker.
func timed(t *testing.T) (*Registry, *record, *fdpass.Socket, fakeWatcher) {
	t.Helper()
	rec, log := newRecord()
	w := fakeWatcher{events: make(chan fdpass.WatchEvent)}
	r := start(Options{Log: log}, w)
	t.Cleanup(func() { _ = r.Close() })
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", backlog(50)))
	s := acquire(t, r, "app", 1, "web")[0].Socket()
	event(r, 1, 77, Started)
	return r, rec, s, w
}

// Many programs listen(2) again only after they count as ready.
func TestRecheckAfterReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rec, s, _ := timed(t)
		event(r, 1, 77, Ready, Promoted)
		relistenHere(t, s, 5)
		time.Sleep(recheckDelay - time.Nanosecond)
		if got := state(t, s).Backlog; got != 5 {
			t.Errorf("looked at too early: backlog %d", got)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := state(t, s).Backlog; got != 50 {
			t.Errorf("backlog %d, want 50", got)
		}
		sameWorker(t, rec.one(t, "worker changed the backlog"), 1, 77)
		relistenHere(t, s, 5)
		time.Sleep(time.Hour)
		if got := state(t, s).Backlog; got != 5 {
			t.Errorf("somebody polls: backlog %d", got)
		}
		_ = r.Close()
	})
}

// Of a program outside that was given a listener nobody hears how far it has come.
func TestLooksAfterLending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rec, s, _ := timed(t)
		event(r, 1, 77, Ready, Promoted)
		time.Sleep(time.Hour)
		lent, err := r.Duplicates("web")
		if err != nil {
			t.Fatal(err)
		}
		defer lent[0].Descriptor.Close()
		time.Sleep(10 * time.Second)
		relistenHere(t, s, 5)
		time.Sleep(lastLook)
		synctest.Wait()
		if got := state(t, s).Backlog; got != 50 {
			t.Errorf("backlog %d, want 50", got)
		}
		if line := rec.one(t, "worker changed the backlog"); line["or"] != "a program outside that was given the listener" {
			t.Errorf("said %v", line)
		}
		time.Sleep(2 * lastLook)
		relistenHere(t, s, 5)
		time.Sleep(time.Hour)
		if got := state(t, s).Backlog; got != 5 {
			t.Errorf("somebody polls: backlog %d", got)
		}
		_ = r.Close()
	})
}

// A worker that became ready just before the process was replaced is looked at once more by the next one.
func TestRecheckAfterReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMemory(t)
		web := listener(t, "web", "tcp://127.0.0.1:0", backlog(50))
		r := start(Options{Vault: v}, unwatched{})
		apply(t, r, web)
		leases := acquire(t, r, "app", 1, "web")
		event(r, 1, 77, Started, Ready, Promoted)
		r.Abandon()
		next, err := begin(Options{Vault: v, Before: v.before(t)}, unwatched{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := next.Reacquire(User{"app", 1}, []LeaseState{leases[0].State()}); err != nil {
			t.Fatal(err)
		}
		event(next, 1, 77, Started, Ready, Promoted)
		apply(t, next, web)
		s := socket(t, next, "web")
		relistenHere(t, s, 5)
		time.Sleep(recheckDelay)
		synctest.Wait()
		if got := state(t, s).Backlog; got != 50 {
			t.Errorf("backlog %d, want 50", got)
		}
		_ = next.Close()
	})
}

// With ready.when = "started" the flag is set long after Ready and Promoted: the worker is alone, so it decides.
func TestLateNonblockIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rec, s, _ := timed(t)
		event(r, 1, 77, Ready, Promoted)
		if err := s.SetNonblocking(true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if !state(t, s).Nonblocking || len(rec.find("O_NONBLOCK")) != 0 {
			t.Errorf("it was put back: %v", rec.find("O_NONBLOCK"))
		}
		_ = r.Close()
	})
}

// A worker that shuts its listener down in a loop is met at a bounded rate, and said once a minute.
func TestRepairsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rec, s, w := timed(t)
		event(r, 1, 77, Ready, Promoted)
		repairs := 0
		for range 130 {
			if err := s.Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }); err != nil {
				t.Fatal(err)
			}
			w.events <- fdpass.WatchEvent{Socket: s, Kind: fdpass.Shutdown}
			synctest.Wait()
			if state(t, s).Listening {
				repairs++
			}
			time.Sleep(repairPause)
			synctest.Wait()
			if !state(t, s).Listening {
				t.Fatal("it stays shut down")
			}
			time.Sleep(time.Second / 2)
		}
		if repairs != 130 {
			t.Errorf("%d were repaired at once, want all: they are rare enough", repairs)
		}
		if n := len(rec.find("worker shut a listener down")); n != 2 {
			t.Errorf("%d lines in 78 s, want 2", n)
		}
		if more := rec.find("worker shut a listener down")[1]["repeated"]; more != 99.0 {
			t.Errorf("the second line says %v were left out", more)
		}
		_ = r.Close()
	})
}

func TestRepairWaitsAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, s, w := timed(t)
		for _, want := range []bool{true, false} {
			if err := s.Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) }); err != nil {
				t.Fatal(err)
			}
			w.events <- fdpass.WatchEvent{Socket: s, Kind: fdpass.Shutdown}
			synctest.Wait()
			if got := state(t, s).Listening; got != want {
				t.Errorf("listening %v, want %v", got, want)
			}
		}
		time.Sleep(repairPause)
		synctest.Wait()
		if !state(t, s).Listening {
			t.Error("it stays shut down")
		}
		_ = r.Close()
	})
}

// Timers and goroutines end with Close: the bubble would report what is left.
func TestCloseLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, s, _ := timed(t)
		event(r, 1, 77, Ready)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.State(); err == nil {
			t.Error("the socket is open")
		}
		event(r, 1, 77, Promoted)
		if r.Status() != nil || r.Unused() != nil {
			t.Error("a closed registry shows something")
		}
	})
}

// Replaced runs once at a time, and once more when something happened meanwhile; it may call the registry.
func TestReplacedIsToldInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, goOn := make(chan []Listener, 10), make(chan struct{})
		var r *Registry
		r = start(Options{Replaced: func(string) {
			calls <- r.Status()
			<-goOn
		}, Log: hclog.NewNullLogger()}, unwatched{})
		apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
		for range 3 {
			r.do(func() { r.announce(r.byName["web"]) })
			synctest.Wait()
		}
		if len(calls) != 1 || len(<-calls) != 1 {
			t.Error("it does not run once, with a listener to see")
		}
		goOn <- struct{}{}
		synctest.Wait()
		if len(calls) != 1 {
			t.Errorf("it runs %d more times, want once", len(calls))
		}
		if err := r.Close(); err != nil { // does not wait for it
			t.Error(err)
		}
		goOn <- struct{}{}
	})
}
