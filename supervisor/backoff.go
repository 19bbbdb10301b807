package supervisor

import (
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
)

// delay is how long a slot waits before its next worker, after a failure of one that was ready for the time lived. The
// first failure within restart.window costs nothing; from then on restart.backoff doubles up to restart.backoff_max. There
// is no last attempt: a listener must not die of a worker.
func (sl *slot) delay(r config.Restart, lived time.Duration) time.Duration {
	if lived >= r.Window {
		sl.failures = 0
	}
	sl.failures++
	if sl.failures == 1 && lived > 0 {
		return 0
	}
	d := r.Backoff
	for i := 1; i < sl.failures && d < r.BackoffMax; i++ {
		d *= 2
	}
	return min(d, r.BackoffMax)
}

// again forgets the failures of a slot, and tells whether it was waiting for its next attempt. It no longer is.
func (sl *slot) again() bool {
	waited := sl.retry != nil
	stop(&sl.retry)
	sl.failures = 0
	return waited
}

// awaitsRetry is whether a worker of g, or its before_start, waits for its next attempt.
func (g *generation) awaitsRetry() bool {
	return g.boot.retry != nil || slices.ContainsFunc(g.active(), func(sl *slot) bool { return sl.retry != nil })
}

// tryAgain has every next attempt now that g waits for. One that is going on with earlier settings counts as the first if it fails.
func (s *service) tryAgain(g *generation) {
	if g.boot.again() {
		s.bootHook(g)
	}
	for _, sl := range g.active() {
		if sl.again() {
			s.startWorker(g, sl)
		}
	}
}
