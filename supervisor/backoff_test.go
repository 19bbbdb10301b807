package supervisor

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patient has a service wait for its next attempt longer than a test wants to.
const patient = "restart {\n backoff = \"5m\"\n backoff_max = \"5m\"\n}\n"

// becomes gives a service other attributes, as a reload does.
func (b *bench) becomes(kind operationKind, attributes string) chan error {
	next := parse(b.t, attributes)
	return b.ask(operation{kind: kind, cfg: next.Services[0], all: next, running: true})
}

// crashing is a runner whose workers fail until they are mended, from the given one on.
func crashing(from int) *fakeRunner {
	return &fakeRunner{behave: func(s spec, _ int) manners {
		if s.index >= from {
			return manners{readyAfter: -1, exitAfter: time.Millisecond, exitCode: 1}
		}
		return manners{}
	}}
}

func (r *fakeRunner) mend() { r.setManners(func(spec, int) manners { return manners{} }) }

// TestReloadEndsBackoff checks that a service does not wait for its next attempt with what a reload has mended.
func TestReloadEndsBackoff(t *testing.T) {
	const old = patient + "workers = 2\n"
	tests := map[string]struct {
		kind       operationKind
		attributes string
		healthy    int // workers that have never failed
		want       map[string]int
	}{
		"command":                 {opRestart, old, 0, map[string]int{"ready.2": 2}},
		"command of one":          {opRestart, old, 1, map[string]int{"ready.2": 2}},
		"command, replace":        {opRestart, old + `rollout { strategy = "replace" }`, 0, map[string]int{"ready.2": 2}},
		"command, rolling":        {opRestart, old + `rollout { strategy = "rolling" }`, 0, map[string]int{"ready.2": 2}},
		"command of one, rolling": {opRestart, old + "rollout {\n strategy = \"rolling\"\n max_surge = 0\n max_unavailable = 1\n}", 1, map[string]int{"ready.2": 2}},
		"ready":                   {opAdjust, old + `ready { timeout = "1h" }`, 0, map[string]int{"ready.1": 2}},
		"ready of one":            {opAdjust, old + `ready { timeout = "1h" }`, 1, map[string]int{"ready.1": 2}},
		"restart":                 {opAdjust, `workers = 2`, 0, map[string]int{"ready.1": 2}},
		"more workers":            {opAdjust, patient + `workers = 3`, 0, map[string]int{"ready.1": 3}},
		"fewer workers":           {opAdjust, patient + `workers = 1`, 0, map[string]int{"ready.1": 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := crashing(tt.healthy)
			onBench(t, old, r, func(b *bench) {
				b.start()
				time.Sleep(time.Minute)
				r.mend()
				reply := b.becomes(tt.kind, tt.attributes)
				b.wants(reply, nil)
				if d := cmp.Diff(tt.want, b.live()); d != "" {
					t.Error(d)
				}
				if st := b.status(); st.State != "running" {
					t.Errorf("status %+v", st)
				}
				started := r.started()
				time.Sleep(time.Hour)
				synctest.Wait()
				if n := r.started() - started; n > 0 {
					t.Errorf("%d were started later", n)
				}
			})
		})
	}
}

// TestReloadEndsBackoffOfHook checks the same of a before_start that fails, whether it is mended or gone.
func TestReloadEndsBackoffOfHook(t *testing.T) {
	for name, mend := range map[string]func(*fakeRunner){
		"mended": func(r *fakeRunner) { r.setHook("before_start", nil) },
		"gone":   func(r *fakeRunner) { r.dropHook("before_start") },
	} {
		for _, kind := range []operationKind{opRestart, opAdjust} {
			t.Run(name+" by "+kind.String(), func(t *testing.T) {
				r := always(manners{})
				r.hooks = map[string]error{"before_start": errors.New("cannot build")}
				onBench(t, patient, r, func(b *bench) {
					b.wants(b.start(), errAny)
					time.Sleep(time.Minute)
					mend(r)
					b.wants(b.becomes(kind, patient), nil)
					if st := b.status(); st.State != "running" || st.Reason != "" {
						t.Errorf("status %+v", st)
					}
				})
			})
		}
	}
}

// TestReloadMendsNothing checks that who asked hears of it, and that the waiting goes on as after a first failure.
func TestReloadMendsNothing(t *testing.T) {
	r := crashing(0)
	onBench(t, "", r, func(b *bench) {
		b.start()
		time.Sleep(time.Hour) // 30s between two attempts by now
		reply := b.becomes(opAdjust, `stop { timeout = "1s" }`)
		b.waits(reply)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		select {
		case err := <-reply:
			if err == nil || !strings.Contains(err.Error(), "exited with status 1") {
				t.Errorf("answer %v", err)
			}
		default:
			t.Error("no answer")
		}
		started := r.started()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := r.started() - started; n != 3 { // after 100ms, 200ms and 400ms
			t.Errorf("%d more attempts within a second", n)
		}
	})
}

// TestReloadWhileTrying checks that an attempt with the settings before does not count against the new ones.
func TestReloadWhileTrying(t *testing.T) {
	r := always(manners{readyAfter: -1, drain: -1})
	onBench(t, "ready {\n when = \"notify\"\n timeout = \"10s\"\n}\nrestart { backoff_max = \"1h\" }", r, func(b *bench) {
		b.start()
		for b.status().Workers[0].Phase != "starting" || r.started() < 10 {
			time.Sleep(time.Second)
		}
		b.wants(b.becomes(opAdjust, `ready { when = "started" }`), nil)
		time.Sleep(11 * time.Second) // the attempt that went on, and restart.backoff
		if st := b.status(); st.State != "running" {
			t.Errorf("status %+v", st)
		}
	})
}
