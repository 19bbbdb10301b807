package supervisor

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// second gives the workers of generation 1 good manners and those of later ones others.
func second(m manners) *fakeRunner {
	return &fakeRunner{behave: func(s spec, _ int) manners {
		if s.generation == 1 {
			return manners{drain: time.Second}
		}
		return m
	}}
}

func TestOverlap(t *testing.T) {
	r := second(manners{readyAfter: 2 * time.Second, drain: time.Second})
	onBench(t, "workers = 2\nready { when = \"notify\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		b.kinds()
		done := b.restart()
		if d := cmp.Diff(map[string]int{"ready.1": 2, "starting.2": 2}, b.live()); d != "" {
			t.Error(d)
		}
		if st := b.status(); st.State != "rolling-out" || st.Generation != 1 || st.Rollout.Step != "start" {
			t.Errorf("status %+v", st)
		}
		time.Sleep(2 * time.Second)
		if d := cmp.Diff(map[string]int{"draining.1": 2, "ready.2": 2}, b.live()); d != "" {
			t.Error(d)
		}
		b.waits(done)
		time.Sleep(time.Second)
		b.wants(done, nil)
		want := []string{"rollout.start.2", "worker.started.2", "worker.started.2", "worker.ready.2", "worker.ready.2", "rollout.ready.2",
			"rollout.promote.2", "rollout.drain.1", "worker.draining.1", "worker.draining.1", "worker.exited.1", "worker.exited.1", "rollout.retire.1"}
		if d := cmp.Diff(want, b.kinds()); d != "" {
			t.Error(d)
		}
	})
}

// TestRollback checks every way in which a new generation can fail: the old one gets no signal and keeps its processes.
func TestRollback(t *testing.T) {
	bad := map[string]struct {
		attributes string
		manners    manners
		within     time.Duration
	}{
		"exits before ready":    {``, manners{readyAfter: -1, exitAfter: 100 * time.Millisecond, exitCode: 1}, 100 * time.Millisecond},
		"never ready":           {"ready {\n when = \"notify\"\n timeout = \"5s\"\n}", manners{readyAfter: -1, drain: -1}, 5 * time.Second},
		"cannot be started":     {``, manners{startError: errors.New("permission denied")}, 0},
		"exits while it bakes":  {`rollout { bake = "10s" }`, manners{exitAfter: 9 * time.Second}, 9 * time.Second},
		"exits 0 before ready":  {`restart { when = "never" }`, manners{readyAfter: -1, exitAfter: time.Millisecond}, time.Millisecond},
		"rolling, exits":        {`rollout { strategy = "rolling" }`, manners{readyAfter: -1, exitAfter: 500 * time.Millisecond, exitCode: 1}, 500 * time.Millisecond},
		"one of several worker": {"workers = 3", manners{readyAfter: -1, exitAfter: 500 * time.Millisecond}, 500 * time.Millisecond},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			r := second(tt.manners)
			onBench(t, tt.attributes, r, func(b *bench) {
				started := b.start()
				time.Sleep(11 * time.Second)
				b.wants(started, nil)
				old := r.started()
				done := b.restart()
				time.Sleep(tt.within)
				b.failed(done, "last words", tt.manners.startError)
				time.Sleep(time.Minute)
				if d := cmp.Diff(map[string]int{"ready.1": old}, b.live()); d != "" {
					t.Error(d)
				}
				for i := range old {
					if got := r.process(i).got(); len(got) != 0 {
						t.Errorf("old worker %d got %v", i, got)
					}
				}
				if st := b.status(); st.State != "running" || st.Generation != 1 || st.Reason == "" {
					t.Errorf("status %+v", st)
				}
			})
		})
	}
}

// failed checks for the answer of a rollout that was rolled back.
func (b *bench) failed(done chan error, output string, _ error) {
	b.t.Helper()
	synctest.Wait()
	var rolledBack *RolloutError
	select {
	case err := <-done:
		if !errors.As(err, &rolledBack) || rolledBack.Kept != 1 || len(rolledBack.Output) != 1 || rolledBack.Output[0] != output {
			b.t.Errorf("answer %v", err)
		}
	default:
		b.t.Error("no answer")
	}
}

func TestBake(t *testing.T) {
	r := second(manners{readyAfter: time.Second})
	onBench(t, `rollout { bake = "30s" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(31*time.Second - 1)
		b.waits(done)
		if st := b.status(); st.Rollout.Step != "bake" || st.Generation != 1 {
			t.Errorf("status %+v", st)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := b.status().Generation; got != 2 {
			t.Errorf("generation %d", got)
		}
		time.Sleep(time.Second)
		b.wants(done, nil)
	})
}

// TestCrashDuringRollout checks that the old generation's crashes are dealt with while the new one starts.
func TestCrashDuringRollout(t *testing.T) {
	r := second(manners{readyAfter: 10 * time.Second})
	onBench(t, `ready { when = "notify" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		time.Sleep(time.Second)
		done := b.restart()
		r.process(0).exits(1)
		synctest.Wait()
		if got := b.live()["ready.1"]; got != 1 {
			t.Errorf("%d old workers", got)
		}
		time.Sleep(12 * time.Second)
		b.wants(done, nil)
	})
}

// TestWaitingRestart checks that rollouts come one after the other and that those who wait share the next one.
func TestWaitingRestart(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: time.Second})
	onBench(t, ``, r, func(b *bench) {
		started := b.start()
		time.Sleep(time.Second)
		b.wants(started, nil)
		first, waiting, third := b.restart(), b.restart(), b.restart()
		time.Sleep(2 * time.Second)
		b.wants(first, nil)
		b.waits(waiting)
		b.waits(third)
		time.Sleep(2 * time.Second)
		b.wants(waiting, nil)
		b.wants(third, nil)
		if got := b.status().Generation; got != 3 {
			t.Errorf("generation %d", got)
		}
	})
}

func TestReplace(t *testing.T) {
	r := second(manners{readyAfter: time.Second})
	onBench(t, "workers = 2\nrollout { strategy = \"replace\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		if d := cmp.Diff(map[string]int{"draining.1": 2}, b.live()); d != "" {
			t.Error(d)
		}
		time.Sleep(time.Second)
		if d := cmp.Diff(map[string]int{"starting.2": 2}, b.live()); d != "" {
			t.Error(d)
		}
		time.Sleep(time.Second)
		b.wants(done, nil)
	})
}

// TestReplaceFails checks that what was taken away is brought back.
func TestReplaceFails(t *testing.T) {
	r := second(manners{readyAfter: -1, exitAfter: 500 * time.Millisecond, exitCode: 1})
	onBench(t, "workers = 2\nrollout { strategy = \"replace\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(2 * time.Second)
		b.failed(done, "last words", nil)
		time.Sleep(time.Second)
		if d := cmp.Diff(map[string]int{"ready.1": 2}, b.live()); d != "" {
			t.Error(d)
		}
		again := b.restart()
		time.Sleep(2 * time.Second)
		b.wants(again, errAny)
	})
}

// TestRolling checks at every step that there are neither too many nor too few workers.
func TestRolling(t *testing.T) {
	for _, tt := range []struct{ workers, surge, unavailable int }{{1, 1, 0}, {4, 1, 0}, {4, 2, 0}, {4, 0, 1}, {5, 2, 2}, {3, 0, 3}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			r := second(manners{readyAfter: time.Second, drain: 500 * time.Millisecond})
			attributes := fmt.Sprintf("workers = %d\nrollout {\n strategy = \"rolling\"\n max_surge = %d\n max_unavailable = %d\n}", tt.workers, tt.surge, tt.unavailable)
			onBench(t, attributes, r, func(b *bench) {
				b.wants(b.start(), nil)
				done := b.restart()
				for range 200 {
					live := b.live()
					serving := live["ready.1"] + live["ready.2"]
					if all := serving + live["starting.2"]; all > tt.workers+tt.surge {
						t.Fatalf("%d workers: %v", all, live)
					}
					if serving < tt.workers-tt.unavailable {
						t.Fatalf("%d serve: %v", serving, live)
					}
					time.Sleep(100 * time.Millisecond)
				}
				b.wants(done, nil)
				if d := cmp.Diff(map[string]int{"ready.2": tt.workers}, b.live()); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// TestRollingFails checks that a rolling rollout that fails half way brings the old workers back.
func TestRollingFails(t *testing.T) {
	r := &fakeRunner{behave: func(s spec, _ int) manners {
		if s.generation == 2 && s.index == 2 {
			return manners{readyAfter: -1, exitAfter: 500 * time.Millisecond, exitCode: 1}
		}
		return manners{}
	}}
	onBench(t, "workers = 4\nrollout { strategy = \"rolling\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(time.Second)
		b.failed(done, "last words", nil)
		time.Sleep(time.Second)
		if d := cmp.Diff(map[string]int{"ready.1": 4}, b.live()); d != "" {
			t.Error(d)
		}
	})
}

// TestStopDuringRollout checks that a stop waits for nobody.
func TestStopDuringRollout(t *testing.T) {
	for _, strategy := range []string{"overlap", "replace", "rolling"} {
		for _, after := range []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} {
			t.Run(fmt.Sprint(strategy, after), func(t *testing.T) {
				r := second(manners{readyAfter: time.Second, drain: time.Second})
				onBench(t, "workers = 2\nrollout { strategy = \""+strategy+"\" }", r, func(b *bench) {
					b.wants(b.start(), nil)
					done := b.restart()
					queued := b.restart()
					time.Sleep(after)
					stopped := b.stop()
					time.Sleep(5 * time.Second)
					b.wants(stopped, nil)
					select {
					case <-done:
					default:
						t.Error("the restart was not answered")
					}
					select {
					case <-queued:
					default:
						t.Error("the waiting restart was not answered")
					}
					if st := b.status(); st.State != "stopped" || len(st.Workers) != 0 {
						t.Errorf("status %+v", st)
					}
				})
			})
		}
	}
}

// TestHookHangs checks that a hook that never ends holds up neither a stop nor, after it, the next start.
func TestHookHangs(t *testing.T) {
	r := always(manners{})
	r.hooks = map[string]error{}
	r.hookFor = 1000 * time.Hour
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		r.setHook("before_start", nil)
		done := b.restart()
		time.Sleep(time.Hour)
		b.waits(done)
		stopped := b.stop()
		time.Sleep(time.Second)
		b.wants(stopped, nil)
		b.wants(done, errAny)
		r.dropHook("before_start")
		b.wants(b.start(), nil)
	})
}
