package supervisor

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

type closer struct{ closed bool }

func (c *closer) Close() error { c.closed = true; return nil }

// always gives every worker the same manners.
func always(m manners) *fakeRunner {
	return &fakeRunner{behave: func(spec, int) manners { return m }}
}

func TestStartAndStop(t *testing.T) {
	onBench(t, `workers = 2`, always(manners{readyAfter: time.Second, drain: 3 * time.Second}), func(b *bench) {
		reply := b.start()
		b.waits(reply)
		if got := b.status().State; got != "starting" {
			t.Errorf("state %q before it is ready", got)
		}
		time.Sleep(time.Second)
		b.wants(reply, nil)
		if got := b.status(); got.State != "running" || got.Generation != 1 || len(got.Workers) != 2 {
			t.Errorf("status %+v", got)
		}
		again := b.start()
		b.wants(again, nil)
		b.kinds()

		stopped := b.stop()
		b.waits(stopped)
		time.Sleep(3 * time.Second)
		b.wants(stopped, nil)
		want := []string{"worker.draining.1", "worker.draining.1", "worker.exited.1", "worker.exited.1", "service.stopped.1"}
		if d := cmp.Diff(want, b.kinds()); d != "" {
			t.Error(d)
		}
		if got := b.status(); got.State != "stopped" || len(got.Workers) != 0 {
			t.Errorf("status %+v", got)
		}
		reply = b.start()
		time.Sleep(time.Second)
		b.wants(reply, nil)
		if got := b.status().Generation; got != 2 {
			t.Errorf("generation %d after the second start", got)
		}
	})
}

func TestReadiness(t *testing.T) {
	tests := []struct {
		name, attributes string
		manners          manners
		after            time.Duration
	}{
		{"auto by message", ``, manners{readyAfter: 300 * time.Millisecond}, 300 * time.Millisecond},
		{"auto by staying alive", ``, manners{readyAfter: -1}, time.Second},
		{"auto with its own settle", `ready { settle = "5s" }`, manners{readyAfter: -1}, 5 * time.Second},
		{"notify", `ready { when = "notify" }`, manners{readyAfter: 20 * time.Second}, 20 * time.Second},
		{"started", `ready { when = "started" }`, manners{readyAfter: -1}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onBench(t, tt.attributes, always(tt.manners), func(b *bench) {
				reply := b.start()
				if tt.after > 0 {
					time.Sleep(tt.after - time.Nanosecond)
					b.waits(reply)
					time.Sleep(time.Nanosecond)
				}
				b.wants(reply, nil)
			})
		})
	}
}

// TestCrashes checks that a worker that always fails is tried for ever, at delays that double up to the limit.
func TestCrashes(t *testing.T) {
	r := always(manners{readyAfter: -1, exitAfter: time.Millisecond, exitCode: 3, drain: 0})
	onBench(t, `restart { backoff_max = "1s" }`, r, func(b *bench) {
		reply := b.start()
		time.Sleep(time.Millisecond)
		b.wants(reply, errAny)
		var gaps []time.Duration
		for n := 1; n < 7; n++ {
			at := time.Now()
			for r.started() == n {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			gaps = append(gaps, time.Since(at))
		}
		for i, want := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
			if got := gaps[i]; got < want*time.Millisecond || got > (want+2)*time.Millisecond {
				t.Errorf("gap %d is %s, want about %dms", i, got, want)
			}
		}
		time.Sleep(2 * time.Hour)
		if n := r.started(); n < 6500 {
			t.Errorf("%d attempts in two hours: it gave up", n)
		}
		if got := b.status(); got.State != "degraded" || !strings.Contains(got.Reason, "exited with status 3 before it was ready") {
			t.Errorf("status %+v", got)
		}
	})
}

// TestCrashOfHealthyWorker checks that the first crash costs no wait, and that a later one long after it costs none either.
func TestCrashOfHealthyWorker(t *testing.T) {
	r := always(manners{})
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		for n := range 3 {
			time.Sleep(2 * time.Minute)
			r.process(n).exits(1)
			synctest.Wait()
			if got := r.started(); got != n+2 {
				t.Fatalf("%d processes after crash %d", got, n+1)
			}
		}
		r.process(3).exits(1)
		synctest.Wait()
		if got := r.started(); got != 4 {
			t.Errorf("a second crash within the window was restarted at once")
		}
		if got := b.status(); got.State != "degraded" || got.Workers[0].RetryAt == nil || got.Restarts != 4 {
			t.Errorf("status %+v", got)
		}
		time.Sleep(time.Second)
		if got := b.status(); got.State != "running" || got.Reason != "" {
			t.Errorf("status %+v", got)
		}
	})
}

func TestRestartWhen(t *testing.T) {
	tests := []struct {
		when  string
		code  int
		again bool
	}{
		{"always", 0, true}, {"always", 1, true}, {"on-failure", 0, false}, {"on-failure", 1, true}, {"never", 0, false}, {"never", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.when, func(t *testing.T) {
			r := always(manners{})
			onBench(t, `restart { when = "`+tt.when+`" }`, r, func(b *bench) {
				b.wants(b.start(), nil)
				r.process(0).exits(tt.code)
				time.Sleep(time.Second)
				if got := r.started() == 2; got != tt.again {
					t.Errorf("exit %d started again: %v", tt.code, got)
				}
				if got := b.status().State; !tt.again && got != "stopped" {
					t.Errorf("state %q", got)
				}
			})
		})
	}
}

// TestDeadlines checks what happens to workers that do not do what they should in time.
func TestDeadlines(t *testing.T) {
	t.Run("never ready", func(t *testing.T) {
		r := always(manners{readyAfter: -1})
		onBench(t, `ready { 
			when = "notify" 
			timeout = "5s" 
		}`, r, func(b *bench) {
			reply := b.start()
			time.Sleep(5 * time.Second)
			b.wants(reply, errAny)
			if got := b.kinds(); !has(got, "worker.killed.1") || !has(got, "worker.failed.1") {
				t.Errorf("events %q", got)
			}
		})
	})
	t.Run("never gone", func(t *testing.T) {
		r := always(manners{drain: -1})
		onBench(t, `stop { timeout = "7s" }`, r, func(b *bench) {
			b.wants(b.start(), nil)
			stopped := b.stop()
			time.Sleep(7*time.Second - 1)
			b.waits(stopped)
			time.Sleep(time.Nanosecond)
			b.wants(stopped, nil)
			if got := r.process(0).got(); !cmp.Equal(got, []syscall.Signal{syscall.SIGTERM}) {
				t.Errorf("signals %v", got)
			}
		})
	})
	t.Run("stop before it is ready", func(t *testing.T) {
		r := always(manners{readyAfter: -1, drain: time.Second})
		onBench(t, `ready { when = "notify" }`, r, func(b *bench) {
			reply := b.start()
			stopped := b.stop()
			b.wants(reply, errAny)
			time.Sleep(time.Second)
			b.wants(stopped, nil)
		})
	})
}

func TestNotifyMessages(t *testing.T) {
	r := always(manners{readyAfter: -1, drain: -1})
	onBench(t, `ready { 
		when = "notify" 
		timeout = "10s" 
	}`, r, func(b *bench) {
		reply := b.start()
		p := r.process(0)
		p.says(notify.Message{Status: "warming up", ExtendTimeout: time.Minute})
		time.Sleep(59 * time.Second)
		b.waits(reply)
		if got := b.status().Workers[0].Status; got != "warming up" {
			t.Errorf("status %q", got)
		}
		barrier := &closer{}
		p.says(notify.Message{Ready: true, MainPID: 77})
		p.says(notify.Message{Barrier: barrier})
		b.wants(reply, nil)
		if !barrier.closed || p.followed != 77 || b.status().Workers[0].PID != 77 {
			t.Errorf("barrier %v, main pid %d", barrier.closed, p.followed)
		}
		p.says(notify.Message{MainPID: 1})
		p.tell(happening{kind: ignored, pid: 5, err: errors.New("not of the tree")})
		if got := b.kinds(); !has(got, "worker.ignored.1") {
			t.Errorf("events %q", got)
		}
		stopped := b.stop()
		p.says(notify.Message{ExtendTimeout: 2 * time.Minute})
		time.Sleep(119 * time.Second)
		b.waits(stopped)
		time.Sleep(time.Second)
		b.wants(stopped, nil)
	})
}

func TestWatchdog(t *testing.T) {
	for _, tt := range []struct {
		name string
		last notify.Message
		wait time.Duration
	}{
		{"silence", notify.Message{Watchdog: true}, 5 * time.Second},
		{"its own word", notify.Message{WatchdogTrigger: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := always(manners{drain: -1})
			onBench(t, `stop { timeout = "2s" }`, r, func(b *bench) {
				b.wants(b.start(), nil)
				p := r.process(0)
				p.says(notify.Message{WatchdogInterval: 5 * time.Second})
				for range 10 {
					time.Sleep(4 * time.Second)
					p.says(notify.Message{Watchdog: true})
				}
				synctest.Wait()
				if len(p.got()) > 0 {
					t.Fatalf("signals %v while it is alive", p.got())
				}
				p.says(tt.last)
				time.Sleep(tt.wait)
				synctest.Wait()
				if got := p.got(); !cmp.Equal(got, []syscall.Signal{abort}) {
					t.Errorf("signals %v", got)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if r.started() != 2 {
					t.Error("the hung worker was not replaced")
				}
			})
		})
	}
	t.Run("switched off", func(t *testing.T) {
		r := always(manners{})
		onBench(t, ``, r, func(b *bench) {
			b.wants(b.start(), nil)
			r.process(0).says(notify.Message{WatchdogInterval: time.Second})
			r.process(0).says(notify.Message{WatchdogOff: true})
			time.Sleep(time.Minute)
			if got := r.process(0).got(); len(got) != 0 {
				t.Errorf("signals %v", got)
			}
		})
	})
}

func TestScale(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: 2 * time.Second})
	onBench(t, `workers = 2`, r, func(b *bench) {
		b.start()
		time.Sleep(time.Second)
		up := b.scale(5)
		b.waits(up)
		time.Sleep(time.Second)
		b.wants(up, nil)
		if d := cmp.Diff(map[string]int{"ready.1": 5}, b.live()); d != "" {
			t.Error(d)
		}
		b.wants(b.scale(1), nil)
		if d := cmp.Diff(map[string]int{"ready.1": 1, "draining.1": 4}, b.live()); d != "" {
			t.Error(d)
		}
		back := b.scale(2)          // while the old worker 1 still drains
		time.Sleep(3 * time.Second) // the new worker 1 starts when the old one is gone
		b.wants(back, nil)
		if d := cmp.Diff(map[string]int{"ready.1": 2}, b.live()); d != "" {
			t.Error(d)
		}
		done := b.restart()
		time.Sleep(3 * time.Second)
		b.wants(done, nil)
		if d := cmp.Diff(map[string]int{"ready.2": 2}, b.live()); d != "" {
			t.Errorf("a restart forgot the scale: %s", d)
		}
		b.wants(b.scale(0), nil)
		time.Sleep(2 * time.Second)
		if got := len(b.status().Workers); got != 0 {
			t.Errorf("%d workers", got)
		}
	})
}

func TestAdjust(t *testing.T) {
	r := always(manners{drain: -1})
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		next := parse(t, "workers = 3\nstop { timeout = \"1s\" }")
		b.wants(b.ask(operation{kind: opAdjust, cfg: next.Services[0], all: next}), nil)
		if got := b.live()["ready.1"]; got != 3 {
			t.Errorf("%d workers", got)
		}
		stopped := b.stop()
		time.Sleep(time.Second)
		b.wants(stopped, nil)
	})
}

func TestCannotStart(t *testing.T) {
	r := always(manners{startError: errors.New(`cannot execute "./app": no such file`)})
	onBench(t, ``, r, func(b *bench) {
		reply := b.start()
		select {
		case err := <-reply:
			var start *StartError
			if !errors.As(err, &start) || !strings.Contains(err.Error(), "no such file") || len(start.Output) == 0 {
				t.Errorf("answer %v", err)
			}
		default:
			t.Error("no answer")
		}
		r.setManners(func(spec, int) manners { return manners{} })
		time.Sleep(time.Minute)
		if got := b.status(); got.State != "running" {
			t.Errorf("status %+v", got)
		}
	})
}

func TestSocketsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := parse(t, ``)
		b := &bench{t: t, runner: always(manners{})}
		b.s = newService(cfg.Services[0], cfg, b.runner, noSockets{fail: errors.New("no such listener")}, newShelf(), b.record)
		go b.s.loop()
		b.wants(b.start(), errAny)
		if got := b.status(); got.State != "stopped" || got.Reason == "" {
			t.Errorf("status %+v", got)
		}
		close(b.s.quit)
		<-b.s.done
	})
}

func TestHooks(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: time.Second})
	r.hooks = map[string]error{"before_start": nil, "after_ready": nil, "before_stop": nil, "after_stop": nil}
	r.hookFor = time.Second
	onBench(t, ``, r, func(b *bench) {
		started := b.start()
		time.Sleep(2 * time.Second)
		b.wants(started, nil)
		done := b.restart()
		time.Sleep(7 * time.Second)
		b.wants(done, nil)
		want := []string{"before_start.1", "before_start.2", "after_ready.2", "before_stop.1", "after_stop.1"}
		if d := cmp.Diff(want, r.hooksRun()); d != "" {
			t.Error(d)
		}
	})
}

func TestHookFails(t *testing.T) {
	t.Run("first start", func(t *testing.T) {
		r := always(manners{})
		r.hooks = map[string]error{"before_start": errors.New("cannot build")}
		onBench(t, ``, r, func(b *bench) {
			b.start()
			time.Sleep(time.Minute)
			if r.started() != 0 || len(r.hooksRun()) < 5 {
				t.Errorf("%d workers, hooks %q", r.started(), r.hooksRun())
			}
			r.setHook("before_start", nil)
			time.Sleep(time.Minute)
			if got := b.status().State; got != "running" {
				t.Errorf("state %q", got)
			}
		})
	})
	for _, name := range []string{"before_start", "after_ready"} {
		t.Run(name, func(t *testing.T) {
			r := always(manners{})
			r.hooks = map[string]error{}
			onBench(t, ``, r, func(b *bench) {
				b.wants(b.start(), nil)
				r.setHook(name, errors.New("no"))
				done := b.restart()
				time.Sleep(time.Second)
				b.wants(done, errAny)
				if d := cmp.Diff(map[string]int{"ready.1": 1}, b.live()); d != "" {
					t.Error(d)
				}
			})
		})
	}
	t.Run("before_stop", func(t *testing.T) {
		r := always(manners{})
		r.hooks = map[string]error{"before_stop": errors.New("no")}
		onBench(t, ``, r, func(b *bench) { b.wants(b.start(), nil) }) // onBench stops it
	})
}

func TestDelay(t *testing.T) {
	c := config.Restart{Backoff: 100 * time.Millisecond, BackoffMax: 30 * time.Second, Window: time.Minute}
	var sl slot
	for range 200 {
		if d := sl.delay(c, 0); d < c.Backoff || d > c.BackoffMax {
			t.Fatalf("delay %s", d)
		}
	}
	if d := sl.delay(c, time.Minute); d != 0 {
		t.Errorf("delay %s after a minute of health", d)
	}
}

func TestHappeningText(t *testing.T) {
	if got := (happening{exit: keeper.Exit{Code: 4}}).text(); got != "exited with status 4" {
		t.Error(got)
	}
}

func has(list []string, want string) bool {
	for _, s := range list {
		if s == want {
			return true
		}
	}
	return false
}
