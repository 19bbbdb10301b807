package supervisor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNeverIsNoSuccess checks that a new version that fails is rolled back also where its workers are never restarted.
func TestNeverIsNoSuccess(t *testing.T) {
	bad := map[string]manners{
		"never ready":          {readyAfter: -1},
		"exits before ready":   {readyAfter: -1, exitAfter: time.Second},
		"fails while it bakes": {exitAfter: 2 * time.Second, exitCode: 1},
	}
	for name, how := range bad {
		t.Run(name, func(t *testing.T) {
			r := second(how)
			onBench(t, "ready {\n when = \"notify\"\n timeout = \"5s\"\n}\nrestart { when = \"never\" }\nrollout { bake = \"3s\" }", r, func(b *bench) {
				b.wants(b.start(), nil)
				done := b.restart()
				time.Sleep(6 * time.Second)
				b.failed(done, "last words", nil)
				if d := cmp.Diff(map[string]int{"ready.1": 1}, b.live()); d != "" {
					t.Error(d)
				}
			})
		})
	}
	t.Run("completes while it bakes", func(t *testing.T) {
		onBench(t, "restart { when = \"never\" }\nrollout { bake = \"3s\" }", second(manners{exitAfter: 2 * time.Second}), func(b *bench) {
			b.wants(b.start(), nil)
			done := b.restart()
			time.Sleep(3 * time.Second)
			b.wants(done, nil)
		})
	})
}

// TestFailedOnce checks what is told of a command that fails and is not tried again.
func TestFailedOnce(t *testing.T) {
	onBench(t, `restart { when = "never" }`, always(manners{readyAfter: -1, exitAfter: time.Millisecond, exitCode: 3}), func(b *bench) {
		reply := b.start()
		time.Sleep(time.Millisecond)
		var start *StartError
		if err := <-reply; !errors.As(err, &start) || !start.Final || strings.Contains(err.Error(), "again") {
			t.Errorf("answer %v", err)
		}
		st := b.status()
		if st.State != "stopped" || !strings.Contains(st.Reason, "exited with status 3 before it was ready") {
			t.Errorf("status %+v", st)
		}
		if got := b.kinds(); !has(got, "worker.failed.1") {
			t.Errorf("events %q", got)
		}
		select {
		case <-b.s.up: // depends_on is an order, so those who wait may go on
		default:
			t.Error("dependents wait for ever")
		}
	})
}

// TestRollbackWhileDraining checks that old workers that still drain when the rollout fails are replaced in the end.
func TestRollbackWhileDraining(t *testing.T) {
	r := &fakeRunner{behave: func(s spec, _ int) manners {
		if s.generation == 2 && s.index == 1 {
			return manners{readyAfter: -1, exitAfter: 500 * time.Millisecond, exitCode: 1}
		}
		return manners{drain: 20 * time.Second}
	}}
	onBench(t, "workers = 3\nrollout {\n strategy = \"rolling\"\n max_surge = 1\n}", r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(time.Second)
		b.failed(done, "last words", nil)
		if got := b.live(); got["draining.1"] == 0 {
			t.Fatalf("nothing drains: %v", got)
		}
		time.Sleep(time.Minute)
		if d := cmp.Diff(map[string]int{"ready.1": 3}, b.live()); d != "" {
			t.Error(d)
		}
	})
}

// TestRolloutOfNothing checks that a rollout without workers is over at once, and once, with every strategy.
func TestRolloutOfNothing(t *testing.T) {
	for _, strategy := range []string{"overlap", "replace", "rolling"} {
		t.Run(strategy, func(t *testing.T) {
			onBench(t, "workers = 0\nrollout { strategy = \""+strategy+"\" }", always(manners{}), func(b *bench) {
				b.wants(b.start(), nil)
				b.kinds()
				b.wants(b.restart(), nil)
				want := []string{"rollout.start.2", "rollout.ready.2", "rollout.promote.2", "rollout.drain.1", "rollout.retire.1"}
				if d := cmp.Diff(want, b.kinds()); d != "" {
					t.Error(d)
				}
				if st := b.status(); st.State != "running" {
					t.Errorf("status %+v", st)
				}
			})
		})
	}
}

// TestRollingCrash checks that an old worker that crashes does not come back once a new one has taken its place.
func TestRollingCrash(t *testing.T) {
	r := second(manners{readyAfter: 5 * time.Second})
	onBench(t, "workers = 2\nready { when = \"notify\" }\nrollout {\n strategy = \"rolling\"\n max_surge = 0\n max_unavailable = 1\n}", r, func(b *bench) {
		b.wants(b.start(), nil)
		for range 2 { // the second crash costs a wait
			b.s.post(func() {})
			r.process(r.started() - 1).exits(1)
			time.Sleep(time.Millisecond)
		}
		done := b.restart()
		for range 300 {
			live := b.live()
			if all := live["ready.1"] + live["ready.2"] + live["starting.1"] + live["starting.2"]; all > 2 {
				t.Fatalf("%d workers: %v", all, live)
			}
			time.Sleep(100 * time.Millisecond)
		}
		b.wants(done, nil)
	})
}

// TestRollingHook checks that who may go is decided after before_stop, not before it.
func TestRollingHook(t *testing.T) {
	r := second(manners{})
	r.hooks = map[string]error{"before_stop": nil}
	r.hookFor = 5 * time.Second
	onBench(t, "workers = 3\nrollout {\n strategy = \"rolling\"\n max_surge = 0\n max_unavailable = 1\n}", r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(time.Second)
		r.process(2).exits(1) // one is unavailable now, so no other may go
		for range 100 {
			live := b.live()
			if serving := live["ready.1"] + live["ready.2"]; serving < 2 {
				t.Fatalf("%d serve: %v", serving, live)
			}
			time.Sleep(100 * time.Millisecond)
		}
		b.wants(done, nil)
		if d := cmp.Diff([]string{"before_stop.1"}, r.hooksRun()); d != "" {
			t.Error(d)
		}
	})
}

// TestManyWorkers rolls out hundreds of workers.
func TestManyWorkers(t *testing.T) {
	for _, strategy := range []string{"overlap", "replace", "rolling"} {
		t.Run(strategy, func(t *testing.T) {
			onBench(t, "workers = 300\nrollout { strategy = \""+strategy+"\" }", always(manners{}), func(b *bench) {
				b.wants(b.start(), nil)
				done := b.restart()
				time.Sleep(time.Second)
				b.wants(done, nil)
				if got := b.live()["ready.2"]; got != 300 {
					t.Errorf("%d workers", got)
				}
			})
		})
	}
}
