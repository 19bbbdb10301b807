package supervisor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestCanary(t *testing.T) {
	cfg := steeredConfig(t, "rollout { bake = \"5s\" }", canaryFor(0.05, 10*time.Minute))
	onSteered(t, cfg, always(manners{}), func(b *bench, k *kernel) {
		b.booted(k)
		done := b.restart()
		time.Sleep(5 * time.Second)
		b.wantTold(k, "canary 2 0.05")
		st := b.status()
		if r := st.Rollout; r == nil || r.Step != "canary" || r.Share != 0.05 || time.Until(r.Until) != 10*time.Minute || st.Generation != 1 {
			t.Errorf("status %+v, rollout %+v", st, r)
		}
		time.Sleep(10*time.Minute - 1)
		b.waits(done)
		b.wantTold(k)
		time.Sleep(time.Nanosecond)
		b.wants(done, nil)
		b.wantTold(k, "promote 2")
		want := []string{"rollout.start.2", "worker.started.2", "worker.ready.2", "rollout.ready.2", "rollout.bake.2",
			"rollout.canary.2", "rollout.promote.2", "rollout.drain.1", "worker.draining.1", "worker.exited.1", "rollout.retire.1"}
		if d := cmp.Diff(want, b.kinds()); d != "" {
			t.Error(d)
		}
	})
}

// TestCanaryFails checks that all new connections go back before anything else happens, whatever the cause.
func TestCanaryFails(t *testing.T) {
	for name, fails := range map[string]func(b *bench, canary *fakeProcess){
		"exits 0":   func(_ *bench, p *fakeProcess) { p.exits(0) },
		"exits 1":   func(_ *bench, p *fakeProcess) { p.exits(1) },
		"by hand":   func(b *bench, _ *fakeProcess) { b.answers(b.rollback(), "") },
		"a restart": func(b *bench, _ *fakeProcess) { b.waits(b.restart()) },
		"a stop":    func(b *bench, _ *fakeProcess) { b.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			r := &fakeRunner{behave: func(s spec, _ int) manners { return manners{drain: time.Second} }}
			onSteered(t, steeredConfig(t, "", canaryFor(0.5, time.Hour)), r, func(b *bench, k *kernel) {
				b.booted(k)
				done := b.restart()
				time.Sleep(time.Minute)
				b.wantTold(k, "canary 2 0.5")
				fails(b, r.process(1))
				if told := k.told(); len(told) == 0 || told[0] != "canary 2 0" {
					t.Errorf("the kernel was told %q", told)
				}
				var rolledBack *RolloutError
				select {
				case err := <-done:
					if !errors.As(err, &rolledBack) {
						t.Errorf("answer %v", err)
					}
				default:
					t.Error("no answer")
				}
				if got := r.process(0).got(); len(got) > 0 && name != "a stop" {
					t.Errorf("the old worker got %v", got)
				}
			})
		})
	}
}

// TestCanaryWithoutEnd checks that it waits for a verb, and who asked for it does not.
func TestCanaryWithoutEnd(t *testing.T) {
	for _, verb := range []string{"promote", "rollback"} {
		t.Run(verb, func(t *testing.T) {
			onSteered(t, steeredConfig(t, ""), always(manners{}), func(b *bench, k *kernel) {
				b.booted(k)
				b.wants(b.restartCanary(0.01, 0), nil)
				time.Sleep(100 * time.Hour)
				if st := b.status(); st.Rollout.Step != "canary" || !st.Rollout.Until.IsZero() || st.Generation != 1 {
					t.Errorf("status %+v", st)
				}
				if verb == "rollback" {
					b.answers(b.rollback(), "")
					b.wantTold(k, "canary 2 0.01", "canary 2 0", "promote 1")
					b.generation(1)
					return
				}
				b.answers(b.promote(), "")
				b.wantTold(k, "canary 2 0.01", "promote 2")
				b.generation(2)
			})
		})
	}
}

// TestScaleInCanary checks that neither a scale nor a start waits for the end of a canary, and that both generations are scaled.
func TestScaleInCanary(t *testing.T) {
	onSteered(t, steeredConfig(t, "workers = 2\nready { when = \"notify\" }"), always(manners{readyAfter: time.Second}), func(b *bench, k *kernel) {
		started := b.start()
		time.Sleep(time.Second)
		b.wants(started, nil)
		begun := b.restartCanary(0.1, 0)
		time.Sleep(time.Second)
		b.wants(begun, nil)
		scaled := b.scale(3)
		promoted := b.promote()
		time.Sleep(time.Second - 1)
		b.waits(scaled)
		b.waits(promoted) // not before its third worker is ready
		time.Sleep(time.Nanosecond)
		b.wants(scaled, nil)
		b.wants(promoted, nil)
		if d := cmp.Diff(map[string]int{"ready.2": 3}, b.live()); d != "" {
			t.Error(d)
		}
		b.wants(b.start(), nil)
		begun = b.restartCanary(0.1, 0)
		time.Sleep(time.Second)
		b.wants(begun, nil)
		b.wants(b.scale(1), nil)
		b.wants(b.rollback(), nil)
		if st := b.status(); st.Wanted != 1 {
			t.Errorf("%d workers wanted", st.Wanted)
		}
	})
}

// TestCanaryRefused checks that a service without sockets of its own for each generation is told what to write, and goes on.
func TestCanaryRefused(t *testing.T) {
	shared := steeredConfig(t, "")
	shared.Listeners[0].Sharing = "all"
	alone := steeredConfig(t, "")
	alone.Services[0].Listeners = nil
	rolling := steeredConfig(t, "")
	rolling.Services[0].Rollout.Strategy = "rolling"
	for want, cfg := range map[string]*config.Config{
		`listener "web" has one socket for all generations (write sharing = "generation" in it)`: shared,
		`the service has no listener`:              alone,
		`rollout.strategy "replace" stops`:         steeredConfig(t, `rollout { strategy = "replace" }`),
		`rollout.strategy "rolling" stops the old`: rolling,
	} {
		onSteered(t, cfg, always(manners{}), func(b *bench, k *kernel) {
			b.booted(k)
			select {
			case err := <-b.restartCanary(0.1, 0):
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("answer %v, want %s", err, want)
				}
			default:
				t.Error("no answer")
			}
			b.generation(1)
			b.wants(b.restart(), nil)
			b.generation(2)
		})
	}
}

// TestKernelRefuses checks that nothing of the old generation is touched where the kernel does not do as it is told, and that the
// registry, which would try again, is told at once to leave it.
func TestKernelRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  *config.Config
		told []string
	}{
		"canary":  {steeredConfig(t, "", canaryFor(0.1, time.Hour)), []string{"canary 2 0.1 refused", "canary 2 0 refused"}},
		"promote": {steeredConfig(t, ""), []string{"promote 2 refused", "promote 1 refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := always(manners{})
			onSteered(t, tt.cfg, r, func(b *bench, k *kernel) {
				b.booted(k)
				k.breaks(errKernel)
				k.told()
				done := b.restart()
				b.wants(done, errAny)
				if got := k.told(); len(got) < 2 || !slices.Equal(got[:2], tt.told) {
					t.Errorf("the registry was told %q", got)
				}
				k.breaks(nil)
				if st := b.status(); st.Generation != 1 || st.State != "running" || !strings.Contains(st.RolledBack, errKernel.Error()) {
					t.Errorf("status %+v", st)
				}
				if got := r.process(0).got(); len(got) > 0 {
					t.Errorf("the old worker got %v", got)
				}
			})
		})
	}
}
