package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

const checkedByHTTP = `ready { when = "notify" }
health {
	http     = "http://127.0.0.1:1/"
	failures = 2
}
`

var errIll = errors.New("503 Service Unavailable")

func (p *fakeProcess) watch(bool) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched++
	over := make(chan struct{})
	if p.manners.checked {
		go p.becomeChecked(over)
	}
	return func() {
		close(over)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.watched--
	}
}

// becomeChecked makes the checks of its health until over is closed.
func (p *fakeProcess) becomeChecked(over chan struct{}) {
	p.mu.Lock()
	gone := p.last != nil
	p.mu.Unlock()
	select {
	case <-over:
		return
	default:
	}
	switch {
	case gone:
	case p.manners.sick:
		p.finds("http", errIll)
		inAWhile(300*time.Millisecond, func() { p.becomeChecked(over) })
	default:
		p.finds("http", nil)
	}
}

// finds is what a check of its health has found.
func (p *fakeProcess) finds(kind string, err error) {
	p.hear()(happening{kind: checked, name: kind, err: err, output: []string{"last words of " + kind}})
}

// TestCandidateIsChecked: a generation is promoted when every kind of check has been good, and not before.
func TestCandidateIsChecked(t *testing.T) {
	r := always(manners{})
	onBench(t, `ready { when = "notify" }
		health {
			http    = "http://127.0.0.1:1/"
			command = ["check"]
		}`, r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(time.Minute)
		p := r.process(1)
		for _, found := range []struct {
			kind string
			err  error
		}{{"http", nil}, {"command", errIll}, {"command", errIll}, {"http", errIll}, {"command", nil}} {
			p.finds(found.kind, found.err)
			b.waits(done)
		}
		if st := b.status(); st.Generation != 1 || st.Workers[1].Health != "failing 1/3: 503 Service Unavailable" {
			t.Errorf("status %+v", st)
		}
		p.finds("http", nil)
		b.wants(done, nil)
		if st := b.status(); st.Generation != 2 || st.Workers[0].Health != "ok" || p.watched != 1 || r.process(0).watched != 0 {
			t.Errorf("status %+v, watched %d and %d times", st, p.watched, r.process(0).watched)
		}
	})
}

// TestCandidateIsIll: a generation that fails its checks is never promoted, whatever it is waiting for, and the old one is left alone.
func TestCandidateIsIll(t *testing.T) {
	for name, attributes := range map[string]string{"first checks": "", "baking": `rollout { bake = "1h" }`, "rolling": `rollout { strategy = "rolling" }`} {
		t.Run(name, func(t *testing.T) {
			r := always(manners{})
			onBench(t, checkedByHTTP+attributes, r, func(b *bench) {
				b.wants(b.start(), nil)
				b.kinds()
				done := b.restart()
				if name == "baking" {
					r.process(1).finds("http", nil)
				}
				r.process(1).finds("http", errIll)
				b.waits(done)
				r.process(1).finds("http", errIll)
				synctest.Wait()
				failed := (*RolloutError)(nil)
				if err := <-done; !errors.As(err, &failed) || !strings.Contains(failed.Reason, "worker 0 (pid 1001) is unhealthy: 503 Service Unavailable (2 times in a row)") ||
					!slices.Equal(failed.Output, []string{"last words of http"}) {
					t.Errorf("restart: %+v", err)
				}
				if kinds := b.kinds(); !has(kinds, "worker.unhealthy.2") || has(kinds, "rollout.promote.2") {
					t.Errorf("events %q", kinds)
				}
				if st := b.status(); st.Generation != 1 || len(st.Workers) != 1 || len(r.process(0).got()) != 0 {
					t.Errorf("status %+v, the old one got %v", st, r.process(0).got())
				}
			})
		})
	}
}

// TestBakeIsHealthyTime: only the time counts in which nothing has failed.
func TestBakeIsHealthyTime(t *testing.T) {
	r := always(manners{})
	onBench(t, checkedByHTTP+`rollout { bake = "10s" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		done, p := b.restart(), r.process(1)
		time.Sleep(4 * time.Second)
		p.finds("http", nil)
		time.Sleep(5 * time.Second)
		p.finds("http", errIll) // after 9 s
		time.Sleep(5 * time.Second)
		b.waits(done)
		p.finds("http", nil)
		time.Sleep(9 * time.Second)
		b.waits(done)
		time.Sleep(time.Second)
		synctest.Wait()
		b.wants(done, nil)
	})
}

// TestMend: a worker that is unhealthy is asked to finish, and its slot has the next one, later and later.
func TestMend(t *testing.T) {
	r := always(manners{drain: time.Second})
	onBench(t, checkedByHTTP, r, func(b *bench) {
		b.wants(b.start(), nil)
		b.kinds()
		for n, wait := range []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond} {
			p := r.process(n)
			p.finds("http", errIll)
			if st := b.status(); st.State != "running" || len(p.got()) != 0 {
				t.Errorf("after one failure: %s, it got %v", st.State, p.got())
			}
			p.finds("http", errIll)
			synctest.Wait()
			if got := p.got(); !slices.Equal(got, []syscall.Signal{syscall.SIGTERM}) {
				t.Errorf("worker %d got %v", n, got)
			}
			p.finds("http", errIll) // on its way already
			time.Sleep(time.Second + wait - time.Nanosecond)
			synctest.Wait()
			if got := r.started(); got != n+1 {
				t.Errorf("%d started within %s", got, wait)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if got := r.started(); got != n+2 {
				t.Errorf("%d started after %s", got, wait)
			}
		}
		want := []string{"worker.unhealthy.1", "worker.draining.1", "worker.failed.1", "worker.started.1", "worker.ready.1"}
		if d := cmp.Diff(want, b.kinds()[:5]); d != "" {
			t.Error(d)
		}
	})
}

// TestOneIsMendedAtATime: where all workers are ill the others stay until the one that was replaced is well.
func TestOneIsMendedAtATime(t *testing.T) {
	r := always(manners{})
	onBench(t, checkedByHTTP+"workers = 3", r, func(b *bench) {
		b.wants(b.start(), nil)
		fail := func(processes ...int) {
			for range 2 {
				for _, n := range processes {
					r.process(n).finds("http", errIll)
				}
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		fail(0, 1, 2)
		b.kinds()
		if st := b.status(); r.started() != 4 || st.State != "degraded" || !strings.HasPrefix(st.Reason, "worker ") || !strings.Contains(st.Reason, "503") {
			t.Errorf("%d started, status %+v", r.started(), st)
		}
		fail(1, 2, 3) // the new one is ill too: its slot goes on alone
		time.Sleep(time.Second)
		synctest.Wait()
		if got := r.started(); got != 5 {
			t.Errorf("%d started", got)
		}
		r.process(4).finds("http", nil)
		r.process(2).finds("http", nil) // by itself
		fail(1)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := r.started(); got != 6 {
			t.Errorf("%d started", got)
		}
		if kinds := b.kinds(); has(kinds, "worker.unhealthy.1") && r.process(1).got() == nil {
			t.Errorf("events %q", kinds)
		}
		r.process(5).finds("http", nil)
		if st := b.status(); st.State != "running" || st.Reason != "" {
			t.Errorf("status %+v", st)
		}
	})
}

// TestWatchdogOfHealth: a service can ask for a watchdog, where a worker says WATCHDOG=1 and nothing of how often.
func TestWatchdogOfHealth(t *testing.T) {
	r := always(manners{readyAfter: time.Minute})
	onBench(t, "ready {\n when = \"notify\"\n timeout = \"2m\"\n}\nhealth { watchdog = \"10s\" }", r, func(b *bench) {
		started := b.start()
		time.Sleep(time.Minute) // silent, and not ready: that is something else
		b.wants(started, nil)
		p := r.process(0)
		for range 3 {
			time.Sleep(9 * time.Second)
			p.says(notify.Message{Watchdog: true})
		}
		if st := b.status(); st.Workers[0].Health != "ok" {
			t.Errorf("status %+v", st)
		}
		b.kinds()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := p.got(); !slices.Contains(got, abort) {
			t.Errorf("it got %v", got)
		}
		if kinds := b.kinds(); !has(kinds, "worker.unhealthy.1") {
			t.Errorf("events %q", kinds)
		}
		if st := b.status(); !strings.Contains(st.Workers[0].Health, "hangs: no WATCHDOG=1 for 10s") {
			t.Errorf("status %+v", st)
		}
		p.exits(1)
	})
}

// TestWatchdogVariables checks what a worker hears of the watchdog, sd_watchdog_enabled(3), and that commands beside it do not.
func TestWatchdogVariables(t *testing.T) {
	for listenPID, own := range map[string]bool{"own": true, "omit": false, "parent": false} {
		cfg := parse(t, fmt.Sprintf("listen_pid = %q\nhealth { watchdog = \"1500ms\" }", listenPID))
		l, err := layoutOf(spec{service: cfg.Services[0], all: cfg}, surroundings{})
		if err != nil || l.env["WATCHDOG_USEC"] != "1500000" || slices.Contains(l.handoff.OwnPID, "WATCHDOG_PID") != own {
			t.Errorf("%s: %v, %v, %v", listenPID, l.env, l.handoff.OwnPID, err)
		}
	}
	cfg := parse(t, "")
	l, err := layoutOf(spec{service: cfg.Services[0], all: cfg}, surroundings{environ: []string{"WATCHDOG_USEC=1", "WATCHDOG_PID=1"}})
	if _, there := l.env["WATCHDOG_USEC"]; err != nil || there {
		t.Errorf("%v, %v", l.env, err)
	}
}

// TestCanaryIsIll: a canary that fails its checks loses its share before anything else happens.
func TestCanaryIsIll(t *testing.T) {
	r := &fakeRunner{behave: func(spec, int) manners { return manners{drain: time.Second} }}
	onSteered(t, steeredConfig(t, checkedByHTTP, canaryFor(0.5, time.Hour)), r, func(b *bench, k *kernel) {
		b.booted(k)
		done := b.restart()
		time.Sleep(time.Minute)
		b.wantTold(k) // no share before a check has been good
		r.process(1).finds("http", nil)
		b.wantTold(k, "canary 2 0.5")
		r.process(1).finds("http", errIll)
		b.wantTold(k)
		r.process(1).finds("http", errIll)
		synctest.Wait()
		if told := k.told(); len(told) == 0 || told[0] != "canary 2 0" {
			t.Errorf("the kernel was told %q", told)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "503 Service Unavailable") {
			t.Errorf("restart: %v", err)
		}
	})
}
