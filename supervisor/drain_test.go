package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// restingSockets is a registry whose listeners have a socket for each generation. It is its own monitor.
type restingSockets struct {
	noSockets
	mu      sync.Mutex
	asked   []string // "promote 1", "rest 1"
	waiting int      // what Quiet answers
	fails   error
}

func (q *restingSockets) Promote(u registry.User) error { return q.ask("promote", u) }
func (q *restingSockets) Rest(u registry.User) error    { return q.ask("rest", u) }

func (q *restingSockets) ask(what string, u registry.User) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked = append(q.asked, fmt.Sprintf("%s %d", what, u.Generation))
	return nil
}

func (q *restingSockets) Quiet(registry.User) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting, q.fails
}

func (q *restingSockets) set(waiting int, fails error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting, q.fails = waiting, fails
}

func (q *restingSockets) all() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.asked)
}

// drainConfig is of a service with a socket for each generation.
func drainConfig(t *testing.T, attributes string) *config.Config {
	t.Helper()
	text := `listener "web" {
  address = "tcp://127.0.0.1:0"
  sharing = "generation"
}
service "app" {
  command   = ["./app"]
  listeners = ["web"]
` + attributes + "\n}\n"
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{System: "linux", CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// onDrain runs f with a service that runs, each of whose workers ends at once on its stop signal.
func onDrain(t *testing.T, attributes string, f func(b *bench, so *restingSockets)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg, so := drainConfig(t, attributes), &restingSockets{}
		b := &bench{t: t, runner: always(manners{})}
		b.s = newService(cfg.Services[0], cfg, b.runner, so, newShelf(), b.record)
		go b.s.loop()
		b.wants(b.start(), nil)
		b.kinds()
		f(b, so)
		b.stop()
		time.Sleep(10 * time.Minute) // virtual
		close(b.s.quit)
		<-b.s.done
	})
}

// messages gives what the events of a kind said, and forgets all of them.
func (b *bench) messages(kind string) (list []string) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == kind {
			list = append(list, strings.TrimSpace(e.Message+" "+e.Error))
		}
	}
	b.events = nil
	return list
}

var term = []syscall.Signal{syscall.SIGTERM}

func (b *bench) signals(nth int, want ...syscall.Signal) {
	b.t.Helper()
	synctest.Wait()
	if got := b.runner.process(nth).got(); !slices.Equal(got, want) {
		b.t.Errorf("process %d got %v, want %v", nth, got, want)
	}
}

func TestDrainUntilNoConnectionIsLeft(t *testing.T) {
	onDrain(t, `stop { drain = "5m" }`, func(b *bench, so *restingSockets) {
		old := b.runner.process(0)
		old.open.Store(3)
		reply := b.restart()
		time.Sleep(time.Minute)
		b.waits(reply)
		b.signals(0)
		if d := cmp.Diff(map[string]int{"draining.1": 1, "ready.2": 1}, b.live()); d != "" {
			t.Error(d)
		}
		old.open.Store(1)
		time.Sleep(time.Minute)
		b.signals(0)
		old.open.Store(0)
		time.Sleep(countPauseMax + 2*countPause)
		b.signals(0, term...)
		b.wants(reply, nil)
		if d := cmp.Diff([]string{"worker draining (3 connections)"}, b.messages(KindWorkerDraining)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"promote 1", "promote 2"}, so.all()); d != "" {
			t.Error(d)
		}
	})
}

// TestDrainOfNothing: a worker without connections ends after two counts.
func TestDrainOfNothing(t *testing.T) {
	onDrain(t, ``, func(b *bench, so *restingSockets) {
		began := time.Now()
		reply := b.restart()
		b.waits(reply)
		time.Sleep(countPause)
		b.wants(reply, nil)
		if took := time.Since(began); took > countPause {
			t.Errorf("took %s", took)
		}
	})
}

// TestDrainFlickers: one count without connections is not enough.
func TestDrainFlickers(t *testing.T) {
	onDrain(t, ``, func(b *bench, so *restingSockets) {
		p := b.runner.process(0)
		reply := b.restart() // the first count has found none
		p.open.Store(1)
		time.Sleep(countPause)
		b.waits(reply)
		p.open.Store(0)
		time.Sleep(countPause * 3 / 2)
		b.waits(reply)
		b.signals(0)
		time.Sleep(countPause)
		b.wants(reply, nil)
	})
}

func TestDrainDeadline(t *testing.T) {
	for name, tt := range map[string]struct {
		open int64
		want string
	}{
		"idle clients": {2, "worker has 2 connections after 10s and is stopped all the same"},
		"one":          {1, "worker has 1 connection after 10s and is stopped all the same"},
		"unknown":      {unknown, "worker has an unknown number of connections after 10s and is stopped all the same"},
	} {
		t.Run(name, func(t *testing.T) {
			onDrain(t, "stop {\n drain = \"10s\"\n timeout = \"5s\"\n}", func(b *bench, so *restingSockets) {
				old := b.runner.process(0)
				old.open.Store(tt.open)
				old.manners.drain = -1 // and it does not end on its stop signal
				reply := b.restart()
				time.Sleep(10*time.Second - time.Millisecond)
				b.signals(0)
				time.Sleep(time.Millisecond)
				b.signals(0, term...)
				if got := b.messages(KindWorkerDraining); len(got) != 2 || got[1] != tt.want {
					t.Errorf("told %q, want %q last", got, tt.want)
				}
				b.waits(reply)
				time.Sleep(5 * time.Second)
				b.wants(reply, nil)
				if got := b.messages(KindWorkerKilled); len(got) != 1 || !strings.Contains(got[0], "did not end within 5s") {
					t.Errorf("told %q", got)
				}
			})
		})
	}
}

// TestDrainWaitsForWhatIsOnItsWay: connections in the queue, and handshakes, count; and so does not to know of them.
func TestDrainWaitsForWhatIsOnItsWay(t *testing.T) {
	onDrain(t, ``, func(b *bench, so *restingSockets) {
		so.set(1, nil)
		reply := b.restart()
		time.Sleep(5 * time.Second)
		b.waits(reply)
		so.set(0, errors.New("no netlink"))
		time.Sleep(5 * time.Second)
		b.waits(reply)
		b.signals(0)
		so.set(0, nil)
		time.Sleep(countPauseMax + countPause)
		b.wants(reply, nil)
	})
}

// TestDrainTellsWhyItDoesNotKnow: the first word of a drain has the reason.
func TestDrainTellsWhyItDoesNotKnow(t *testing.T) {
	onDrain(t, ``, func(b *bench, so *restingSockets) {
		so.set(0, errors.New("no netlink"))
		b.restart()
		if d := cmp.Diff([]string{"worker draining (no connections) no netlink"}, b.messages(KindWorkerDraining)); d != "" {
			t.Error(d)
		}
	})
}

// TestDrainOfAStop has new connections wait first. A second stop ends the waiting, and killAll everything.
func TestDrainOfAStop(t *testing.T) {
	onDrain(t, `stop { drain = "1h" }`, func(b *bench, so *restingSockets) {
		b.runner.process(0).open.Store(1)
		first := b.stop()
		time.Sleep(time.Minute)
		b.waits(first)
		b.signals(0)
		if d := cmp.Diff([]string{"promote 1", "rest 1"}, so.all()); d != "" {
			t.Error(d)
		}
		second := b.stop()
		b.signals(0, term...)
		b.wants(first, nil)
		b.wants(second, nil)
	})
	onDrain(t, `stop { drain = "1h" }`, func(b *bench, so *restingSockets) {
		b.runner.process(0).open.Store(1)
		reply := b.stop()
		b.s.post(b.s.killAll)
		b.wants(reply, nil)
		b.signals(0)
	})
}

// TestDrainOfReplace has the old worker finish before the new one starts, while new connections wait.
func TestDrainOfReplace(t *testing.T) {
	onDrain(t, `rollout { strategy = "replace" }`, func(b *bench, so *restingSockets) {
		old := b.runner.process(0)
		old.open.Store(1)
		reply := b.restart()
		time.Sleep(10 * time.Second)
		b.waits(reply)
		if b.runner.started() != 1 {
			t.Error("the new worker was started while the old one had a connection")
		}
		old.open.Store(0)
		time.Sleep(countPauseMax + countPause)
		b.wants(reply, nil)
		if d := cmp.Diff([]string{"promote 1", "rest 1", "promote 2"}, so.all()); d != "" {
			t.Error(d)
		}
	})
}

// TestDrainOfTheDead: a worker that ends by itself while it is left alone is gone, and nothing else.
func TestDrainOfTheDead(t *testing.T) {
	onDrain(t, ``, func(b *bench, so *restingSockets) {
		b.runner.process(0).open.Store(1)
		reply := b.restart()
		b.runner.process(0).exits(1)
		b.wants(reply, nil)
		b.signals(0)
		time.Sleep(time.Hour)
		if st := b.status(); st.State != "running" || b.runner.started() != 2 {
			t.Errorf("status %+v", st)
		}
	})
}

// TestDrainKilledAtOnce: with stop.timeout 0 the end of the waiting is SIGKILL.
func TestDrainKilledAtOnce(t *testing.T) {
	onDrain(t, "stop {\n drain = \"10s\"\n timeout = \"0s\"\n}", func(b *bench, so *restingSockets) {
		b.runner.process(0).open.Store(1)
		reply := b.restart()
		time.Sleep(9 * time.Second)
		b.waits(reply)
		time.Sleep(time.Second)
		b.wants(reply, nil)
		b.signals(0)
	})
}

// TestDrainScaledAway: one worker can be left alone only where it has sockets of its own.
func TestDrainScaledAway(t *testing.T) {
	for sharing, want := range map[string]int{"generation": 1, "worker": 0} {
		onDrain(t, `workers = 2`, func(b *bench, so *restingSockets) {
			b.s.post(func() { b.s.current.all.Listeners[0].Sharing = sharing })
			b.runner.process(1).open.Store(1)
			b.wants(b.scale(1), nil)
			if got := len(b.runner.process(1).got()); got != want {
				t.Errorf("%s: %d signals at once, want %d", sharing, got, want)
			}
			b.runner.process(1).open.Store(0)
			time.Sleep(unseenFor + countPauseMax)
			b.signals(1, term...)
			b.signals(0)
		})
	}
}

// TestDrainOutlivesTheManager: the next one goes on waiting, to the same deadline.
func TestDrainOutlivesTheManager(t *testing.T) {
	onDrain(t, `stop { drain = "1m" }`, func(b *bench, so *restingSockets) {
		b.runner.process(0).open.Store(1)
		b.restart()
		time.Sleep(30 * time.Second)
		b.replaceManager(so)
		b.signals(0)
		if got := so.all(); got[len(got)-1] != "promote 2" {
			t.Errorf("the kernel was told %q", got)
		}
		time.Sleep(29 * time.Second)
		b.signals(0)
		time.Sleep(time.Second)
		b.signals(0, term...)
	})
	onDrain(t, `stop { drain = "1m" }`, func(b *bench, so *restingSockets) {
		p := b.runner.process(0)
		p.open.Store(1)
		b.stop()
		b.replaceManager(so)
		if d := cmp.Diff([]string{"promote 1", "rest 1", "rest 1"}, so.all()); d != "" {
			t.Error(d)
		}
		p.open.Store(0)
		time.Sleep(2 * countPauseMax)
		b.signals(0, term...)
		if st := b.status(); st.State != "stopped" {
			t.Errorf("status %+v", st)
		}
	})
}

// replaceManager ends the service's loop as kill -9 would, and lets another go on from what is saved.
func (b *bench) replaceManager(so sockets) {
	b.t.Helper()
	synctest.Wait()
	close(b.s.quit)
	<-b.s.done
	shelf := b.s.vault.(*shelf)
	l := newLibrary(shelf, nil)
	l.load(shelf.all())
	st, err := readService("app", shelf.all()[stateName("app")])
	if err != nil {
		b.t.Fatal(err)
	}
	if b.s, err = restored(st, b.runner, so, l, b.record); err != nil {
		b.t.Fatal(err)
	}
	b.s.post(b.s.resume)
	go b.s.loop()
	synctest.Wait()
}
