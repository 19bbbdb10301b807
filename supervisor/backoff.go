package supervisor

import (
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
