package supervisor

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKeepOld(t *testing.T) {
	r := always(manners{drain: time.Second})
	onSteered(t, steeredConfig(t, "", keepFor(5*time.Minute)), r, func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		b.wantTold(k, "promote 2")
		want := []string{"rollout.start.2", "worker.started.2", "worker.ready.2", "rollout.ready.2", "rollout.promote.2", "rollout.keep.1"}
		if d := cmp.Diff(want, b.kinds()); d != "" {
			t.Error(d)
		}
		st := b.status()
		if st.State != "running" || st.Generation != 2 || st.Rollout != nil || st.Kept == nil || st.Kept.Generation != 1 || time.Until(st.Kept.Until) != 5*time.Minute {
			t.Errorf("status %+v, kept %+v", st, st.Kept)
		}
		time.Sleep(5*time.Minute - 1)
		if d := cmp.Diff(map[string]int{"ready.1": 1, "ready.2": 1}, b.live()); d != "" {
			t.Error(d)
		}
		time.Sleep(time.Nanosecond)
		if st := b.status(); st.Kept == nil || !st.Kept.Until.IsZero() || st.State != "running" {
			t.Errorf("status %+v, kept %+v", st, st.Kept)
		}
		b.answers(b.rollback(), `cannot roll back service "app": generation 1 is being stopped already`)
		time.Sleep(time.Second)
		if st := b.status(); st.Kept != nil {
			t.Errorf("kept %+v", st.Kept)
		}
		if d := cmp.Diff([]string{"rollout.drain.1", "worker.draining.1", "worker.exited.1", "rollout.retire.1"}, b.kinds()); d != "" {
			t.Error(d)
		}
	})
}

// TestExchange switches there and back: no worker is started or stopped, and the time begins anew.
func TestExchange(t *testing.T) {
	r := always(manners{})
	onSteered(t, steeredConfig(t, "", keepFor(time.Minute)), r, func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		k.told()
		b.kinds()
		for range 50 {
			time.Sleep(40 * time.Second)
			b.answers(b.rollback(), "")
			b.generation(1)
			b.wantTold(k, "promote 1")
			if st := b.status(); st.Kept.Generation != 2 || st.RolledBack == "" || st.State != "running" {
				t.Fatalf("status %+v", st)
			}
			time.Sleep(40 * time.Second)
			b.answers(b.promote(), "")
			b.generation(2)
			b.wantTold(k, "promote 2")
			if st := b.status(); st.Kept.Generation != 1 || st.RolledBack != "" {
				t.Fatalf("status %+v", st)
			}
		}
		if d := cmp.Diff([]string{"rollout.rollback.2", "rollout.keep.2", "rollout.promote.2", "rollout.keep.1"}, b.kinds()[:4]); d != "" {
			t.Error(d)
		}
		if r.started() != 2 || len(r.process(0).got())+len(r.process(1).got()) > 0 {
			t.Error("a worker was started or signalled")
		}
	})
}

// TestVerbsWithoutObject checks the answers where there is nothing to go to.
func TestVerbsWithoutObject(t *testing.T) {
	onSteered(t, steeredConfig(t, "ready {\n when = \"notify\"\n timeout = \"10s\"\n}", keepFor(time.Minute)), second(manners{readyAfter: time.Second}), func(b *bench, k *kernel) {
		b.answers(b.rollback(), `cannot roll back service "app": it is stopped`)
		b.answers(b.promote(), `cannot promote service "app": it is stopped`)
		b.booted(k)
		b.answers(b.rollback(), `cannot roll back service "app": no earlier generation is kept (rollout.keep_old keeps it for a time)`)
		b.answers(b.promote(), "")
		done := b.restart()
		b.answers(b.promote(), `cannot promote service "app": generation 2 is not ready yet (step start)`)
		b.answers(b.rollback(), "")
		b.wants(done, errAny)
		b.answers(b.promote(), `cannot promote service "app": no newer generation is kept; the last one: cannot roll out generation 2 of service "app": rolled back by hand; generation 1 goes on`)
		done = b.restart()
		time.Sleep(time.Second)
		b.wants(done, nil)
		b.answers(b.promote(), "")
		b.answers(b.rollback(), "")
		b.answers(b.rollback(), `cannot roll back service "app": generation 1 is the current one again already (supervise promote returns to generation 3)`)
		b.answers(b.promoteRetire(), "")
		b.generation(3)
		time.Sleep(time.Second)
		if st := b.status(); st.Kept != nil {
			t.Errorf("kept %+v", st.Kept)
		}
		b.answers(b.promoteRetire(), "")
	})
}

// TestRetireNow ends the keeping, and a promotion of a canary that keeps nothing.
func TestRetireNow(t *testing.T) {
	onSteered(t, steeredConfig(t, "", keepFor(time.Hour)), always(manners{drain: time.Second}), func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		retired := b.promoteRetire()
		b.waits(retired)
		time.Sleep(time.Second)
		b.wants(retired, nil)
		b.wants(b.restartCanary(0.1, 0), nil)
		retired = b.promoteRetire()
		b.waits(retired)
		time.Sleep(time.Second)
		b.wants(retired, nil)
		b.generation(3)
		if st := b.status(); st.Kept != nil || len(st.Workers) != 1 {
			t.Errorf("status %+v", st)
		}
	})
}

// TestReserveGoesFirst checks that what follows a promotion begins when the generation before is gone.
func TestReserveGoesFirst(t *testing.T) {
	onSteered(t, steeredConfig(t, "", keepFor(time.Hour)), always(manners{drain: 3 * time.Second}), func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		again := b.restart()
		time.Sleep(3*time.Second - 1)
		b.waits(again)
		if st := b.status(); st.Newest != 2 || len(st.Waiting) != 1 {
			t.Errorf("status %+v", st)
		}
		time.Sleep(time.Nanosecond)
		b.wants(again, nil)
		b.generation(3)
		if d := cmp.Diff(map[string]int{"ready.2": 1, "ready.3": 1}, b.live()); d != "" {
			t.Error(d)
		}
	})
}

// TestReserveCrashes checks that its workers are restarted, that the service is not degraded by it, and that nobody is sent to it while
// none of them is ready.
func TestReserveCrashes(t *testing.T) {
	r := always(manners{})
	onSteered(t, steeredConfig(t, "restart { backoff = \"1s\" }", keepFor(time.Hour)), r, func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		r.process(0).exits(1)
		if st := b.status(); st.State != "running" || st.Reason != "" {
			t.Errorf("status %+v", st)
		}
		b.answers(b.rollback(), `cannot roll back service "app": no worker of generation 1 is ready (supervise status says why)`)
		b.generation(2)
		time.Sleep(time.Minute)
		b.answers(b.rollback(), "")
		b.generation(1)
		time.Sleep(2 * time.Hour)
		if d := cmp.Diff(map[string]int{"ready.1": 1}, b.live()); d != "" {
			t.Error(d)
		}
	})
}

// TestExchangeRefused checks that all is as it was where the kernel does not follow.
func TestExchangeRefused(t *testing.T) {
	onSteered(t, steeredConfig(t, "", keepFor(time.Hour)), always(manners{}), func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		k.breaks(errKernel)
		k.told()
		b.answers(b.rollback(), `cannot send new connections of service "app" to generation 1: operation not permitted`)
		if got := k.told(); !slices.Equal(got, []string{"promote 1 refused", "promote 2 refused"}) {
			t.Errorf("the registry was told %q", got)
		}
		k.breaks(nil)
		b.generation(2)
		if st := b.status(); st.RolledBack != "" || st.Kept.Generation != 1 {
			t.Errorf("status %+v", st)
		}
		b.answers(b.rollback(), "")
	})
}

// TestScaleWithReserve scales both: whoever is returned to has as many workers.
func TestScaleWithReserve(t *testing.T) {
	onSteered(t, steeredConfig(t, "", keepFor(time.Hour)), always(manners{}), func(b *bench, k *kernel) {
		b.booted(k)
		b.wants(b.restart(), nil)
		b.wants(b.scale(3), nil)
		b.answers(b.rollback(), "")
		if d := cmp.Diff(map[string]int{"ready.1": 3, "ready.2": 3}, b.live()); d != "" {
			t.Error(d)
		}
		if st := b.status(); st.Wanted != 3 {
			t.Errorf("%d wanted", st.Wanted)
		}
	})
}
