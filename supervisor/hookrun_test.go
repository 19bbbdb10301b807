package supervisor

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWorkerLostDuringAfterReady checks that a new generation that loses a worker while after_ready runs is rolled back, and that the next
// rollout does not begin before the hook has ended.
func TestWorkerLostDuringAfterReady(t *testing.T) {
	r := always(manners{})
	r.hooks = map[string]error{"after_ready": nil}
	r.hookFor = 10 * time.Second
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		done, next := b.restart(), b.restart()
		time.Sleep(time.Second)
		r.process(1).exits(1)
		b.failed(done, "last words", nil)
		b.waits(next)
		time.Sleep(10 * time.Second)
		b.wants(next, nil)
		if d := cmp.Diff([]string{"after_ready.2", "after_ready.3"}, r.hooksRun()); d != "" {
			t.Error(d)
		}
		if got := b.errorsOf(KindHookFailed); len(got) > 0 {
			t.Errorf("errors %q", got)
		}
	})
}

// TestAfterReadyHangs checks that a rollout that it holds up too long fails.
func TestAfterReadyHangs(t *testing.T) {
	r := always(manners{})
	r.hooks = map[string]error{"after_ready": nil}
	r.hookFor = 1000 * time.Hour
	onBench(t, `ready { timeout = "7s" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		done := b.restart()
		time.Sleep(7*time.Second - 1)
		b.waits(done)
		time.Sleep(time.Millisecond)
		var rolledBack *RolloutError
		if err := <-done; !errors.As(err, &rolledBack) || rolledBack.Reason != `hook after_ready of service "app" did not end within 7s` {
			t.Errorf("answer %v", err)
		}
	})
}
