package supervisor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStopTimeoutZero checks that a worker is killed at once where it has no time to drain, and that its hooks have none either.
func TestStopTimeoutZero(t *testing.T) {
	r := always(manners{drain: -1})
	r.hooks = map[string]error{"before_stop": nil, "after_stop": nil}
	r.hookFor = 1000 * time.Hour
	onBench(t, `stop { timeout = "0s" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		stopped := b.stop()
		time.Sleep(time.Millisecond)
		b.wants(stopped, nil)
		if got := r.hooksRun(); len(got) > 0 {
			t.Errorf("hooks %q", got)
		}
	})
}

// TestStopHookHangs checks that a hook of the stop has stop.timeout and that its end is told as what it is.
func TestStopHookHangs(t *testing.T) {
	for _, name := range []string{"before_stop", "after_stop"} {
		t.Run(name, func(t *testing.T) {
			r := always(manners{})
			r.hooks = map[string]error{name: nil}
			r.hookFor = 1000 * time.Hour
			onBench(t, `stop { timeout = "9s" }`, r, func(b *bench) {
				b.wants(b.start(), nil)
				stopped := b.stop()
				time.Sleep(9*time.Second - 1)
				b.waits(stopped)
				time.Sleep(1 + time.Millisecond)
				b.wants(stopped, nil)
				want := fmt.Sprintf("hook %s of service \"app\" did not end within 9s", name)
				if got := b.errorsOf(KindHookFailed); !cmp.Equal(got, []string{want}) {
					t.Errorf("errors %q", got)
				}
			})
		})
	}
}

// errorsOf gives the error texts of the events of a kind.
func (b *bench) errorsOf(kind string) []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		if e.Kind == kind {
			out = append(out, e.Error)
		}
	}
	return out
}

// TestStopBeforeStarted checks that a stop ends before_start, runs no before_stop for what has never served, and calls none of it
// a failure.
func TestStopBeforeStarted(t *testing.T) {
	r := always(manners{})
	r.hooks = map[string]error{"before_start": nil, "before_stop": nil, "after_stop": nil}
	r.hookFor = time.Hour
	onBench(t, ``, r, func(b *bench) {
		started := b.start()
		scaled := b.scale(3) // must not start workers before before_start has succeeded
		if r.started() != 0 {
			t.Error("workers before before_start has ended")
		}
		r.setHookTime(0)
		stopped := b.stop()
		time.Sleep(time.Millisecond)
		b.wants(started, errAny)
		b.wants(scaled, errAny)
		b.wants(stopped, nil)
		if d := cmp.Diff([]string{"before_start.1", "after_stop.1"}, r.hooksRun()); d != "" {
			t.Error(d)
		}
		if got := b.errorsOf(KindHookFailed); len(got) > 0 {
			t.Errorf("errors %q", got)
		}
	})
}

// TestStopDuringBeforeStop checks that a stop lets a before_stop that runs already come to its end.
func TestStopDuringBeforeStop(t *testing.T) {
	r := always(manners{})
	r.hooks = map[string]error{"before_stop": nil}
	r.hookFor = 5 * time.Second
	onBench(t, `rollout { strategy = "replace" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(time.Second)
		stopped := b.stop()
		time.Sleep(4*time.Second - 1)
		b.waits(stopped)
		b.wants(done, errAny)
		time.Sleep(time.Millisecond)
		b.wants(stopped, nil)
		if d := cmp.Diff([]string{"before_stop.1"}, r.hooksRun()); d != "" {
			t.Error(d)
		}
		if r.started() != 1 {
			t.Error("a worker was started to be stopped")
		}
	})
}

// TestStopAgain checks that a stop of what is stopped is answered and told to nobody.
func TestStopAgain(t *testing.T) {
	onBench(t, ``, always(manners{}), func(b *bench) {
		b.wants(b.stop(), nil)
		b.wants(b.start(), nil)
		b.wants(b.stop(), nil)
		b.wants(b.stop(), nil)
		n := 0
		for _, kind := range b.kinds() {
			if strings.HasPrefix(kind, KindServiceStopped) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d times stopped", n)
		}
	})
}

// TestStopWhileRolledOut checks what is said of a rollout that a stop has ended: nothing goes on.
func TestStopWhileRolledOut(t *testing.T) {
	onBench(t, ``, second(manners{readyAfter: -1}), func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		b.stop()
		var rolledBack *RolloutError
		if err := <-done; !errors.As(err, &rolledBack) || rolledBack.Kept != 0 || strings.Contains(err.Error(), "goes on") {
			t.Errorf("error %v", err)
		}
	})
}

// TestStopKeepsSettings checks that what a reload or scale has set while the service was being stopped holds after the next start.
func TestStopKeepsSettings(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: time.Second})
	onBench(t, ``, r, func(b *bench) {
		b.start()
		time.Sleep(time.Second)
		b.restart()
		next := parse(t, "workers = 3\nnice = 5")
		changed := b.ask(operation{kind: opRestart, running: true, cfg: next.Services[0], all: next})
		scaled := b.scale(2)
		b.stop()
		b.wants(changed, errAny)
		b.wants(scaled, nil)
		time.Sleep(time.Minute)
		b.start()
		time.Sleep(time.Second)
		if st := b.status(); len(st.Workers) != 2 || b.s.current.cfg != next.Services[0] {
			t.Errorf("status %+v", st)
		}
	})
}

// TestStoppedStaysStopped checks that a reload starts nothing that somebody has stopped.
func TestStoppedStaysStopped(t *testing.T) {
	r := always(manners{})
	onBench(t, ``, r, func(b *bench) {
		next := parse(t, "nice = 5")
		b.wants(b.ask(operation{kind: opRestart, running: true, cfg: next.Services[0], all: next}), nil)
		if r.started() > 0 {
			t.Error("started")
		}
		b.wants(b.restart(), nil)
		if b.s.current.cfg != next.Services[0] {
			t.Error("the changed file was forgotten")
		}
	})
}

// TestLeave checks that nothing begins in a service that is stopped for good.
func TestLeave(t *testing.T) {
	r := always(manners{drain: time.Second})
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		reply := make(chan error, 1)
		b.s.post(func() { b.s.leave(reply) })
		b.wants(b.start(), errAny)
		time.Sleep(time.Second)
		b.wants(reply, nil)
		b.wants(b.restart(), errAny)
		if r.started() != 1 {
			t.Errorf("%d processes", r.started())
		}
	})
}

// TestKillAll checks that everything ends at once, whatever was going on, and that it is not called a hang.
func TestKillAll(t *testing.T) {
	tests := map[string]struct {
		manners manners
		hooks   map[string]error
		before  func(b *bench)
	}{
		"ignores the stop signal": {manners{drain: -1}, nil, func(b *bench) { b.start() }},
		"is draining":             {manners{drain: -1}, nil, func(b *bench) { b.start(); b.stop() }},
		"in backoff":              {manners{startError: errors.New("no such file")}, nil, func(b *bench) { b.start() }},
		"in before_start":         {manners{}, map[string]error{"before_start": nil}, func(b *bench) { b.start() }},
		"in before_stop":          {manners{}, map[string]error{"before_stop": nil}, func(b *bench) { b.start(); b.stop() }},
		"in after_stop":           {manners{}, map[string]error{"after_stop": nil}, func(b *bench) { b.start(); b.stop() }},
		"in a rollout":            {manners{readyAfter: -1, drain: -1}, nil, func(b *bench) { b.start(); b.restart() }},
		"never started":           {manners{}, nil, func(*bench) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := always(tt.manners)
			r.hooks, r.hookFor = tt.hooks, 1000*time.Hour
			onBench(t, `ready { when = "notify" }`, r, func(b *bench) {
				tt.before(b)
				b.s.post(b.s.killAll)
				time.Sleep(time.Millisecond)
				if st := b.status(); st.State != "stopped" || len(st.Workers) > 0 {
					t.Errorf("status %+v", st)
				}
				for _, text := range b.errorsOf(KindWorkerKilled) {
					if text != "" {
						t.Errorf("error %q", text)
					}
				}
			})
		})
	}
}

func (r *fakeRunner) setHookTime(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hookFor = d
}
