package supervisor

import (
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// generation is one deployment of a service: its configuration as it was then, its sockets, its workers. Only its
// service's loop touches it.
type generation struct {
	number int
	cfg    *config.Service
	all    *config.Config // for the values of listeners in late expressions
	leases []*registry.Lease
	slots  []*slot

	promoted bool
	prepared bool // before_start has succeeded: workers may be started
	stopping bool // its end is wanted
	parked   bool // its workers make room for the next generation; they come back if that fails
	closed   bool // the last worker is gone
	stopHook hookState
	hook     *hookRun // nil when none runs; there is never more than one
	counter  counter
	boot     slot         // of a before_start that is tried again
	waiters  []chan error // told when all its workers are ready, or why one is not
	whenGone []func()
	before   []registry.LeaseState // of a restored generation, to take back
	extra    extra
}

// slot is the place of a worker in a generation. Workers come and go in it.
type slot struct {
	index    int
	worker   *worker // nil between two workers
	failures int     // in a row
	retry    *time.Timer
	retryAt  time.Time
	lastExit string
	finished bool // it ended and restart.when says to leave it at that
	retired  bool // scaled away
	ailing   bool // its worker was replaced for ill health, and no check has found the one after it well yet
	extra    extra
}

// hookState is how far a hook that runs once has come.
type hookState int

const (
	hookNotRun hookState = iota
	hookRunning
	hookDone
)

func newGeneration(number int, cfg *config.Service, all *config.Config, workers int) *generation {
	g := &generation{number: number, cfg: cfg, all: all}
	g.resize(workers)
	return g
}

// resize gives g n active slots. The slots cut off are marked retired: their workers are the caller's to stop, and the
// slots go when the workers are gone. A slot that is still there is taken again rather than doubled, because a worker's
// folder, port or file may be named after its index: the next one starts when the old one is gone.
func (g *generation) resize(n int) (cut []*slot) {
	there := map[int]bool{}
	for _, sl := range g.slots {
		there[sl.index] = true
		if sl.index >= n && !sl.retired {
			cut = append(cut, sl)
		}
		sl.retired = sl.index >= n
	}
	for i := range n {
		if !there[i] {
			g.slots = append(g.slots, &slot{index: i})
		}
	}
	return cut
}

// active gives the slots that g is meant to fill.
func (g *generation) active() []*slot {
	var out []*slot
	for _, sl := range g.slots {
		if !sl.retired {
			out = append(out, sl)
		}
	}
	return out
}

// forget drops the retired slots that no worker uses any more.
func (g *generation) forget() {
	g.slots = slices.DeleteFunc(g.slots, func(sl *slot) bool { return sl.retired && sl.worker == nil })
}

// count is the number of slots whose worker passes the test.
func (g *generation) count(test func(*worker) bool) int {
	n := 0
	for _, sl := range g.slots {
		if sl.worker != nil && test(sl.worker) {
			n++
		}
	}
	return n
}

func isServing(w *worker) bool { return w.phase == ready }
func isBaked(w *worker) bool   { return w.phase == ready && w.baked && !w.failing() }
func isLive(w *worker) bool    { return w.phase == starting || w.phase == ready }
func isThere(w *worker) bool   { return w.phase != gone }

// allReady is whether every slot has a worker that serves (or one that ended as it was meant to).
func (g *generation) allReady() bool {
	for _, sl := range g.active() {
		if !sl.finished && (sl.worker == nil || sl.worker.phase != ready) {
			return false
		}
	}
	return true
}

// retrying is whether a slot waits for its next worker.
func (g *generation) retrying() bool {
	for _, sl := range g.active() {
		if sl.retry != nil || sl.failures > 0 && (sl.worker == nil || sl.worker.phase == starting) {
			return true
		}
	}
	return false
}

// tellWaiters gives the answer to everybody who waits for g to be ready.
func (s *service) tellWaiters(g *generation, err error) {
	s.answer(g.waiters, err)
	g.waiters = nil
}
