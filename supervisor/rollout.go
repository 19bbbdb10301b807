package supervisor

import (
	"cmp"
	"fmt"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
)

// rollout replaces a generation by the next: start, ready, bake, canary, promote, drain, retire. Or it keeps the old one.
type rollout struct {
	from, to  *generation
	replies   []chan error
	step      string
	startedAt time.Time
	announced bool // KindReady was reported
	hooking   bool // after_ready is running
	failed    *RolloutError
	before    settings // what the service goes back to if it fails
	trial
	extra extra
}

// settings is what an operation can give a service anew.
type settings struct {
	cfg     *config.Service
	all     *config.Config
	workers int // cfg.Workers until somebody scales
}

// begin starts a rollout of the service as it is configured now, with the canary of op in place of the configured one. If it fails the
// service is configured as before.
func (s *service) begin(before settings, op *operation) {
	to, err := s.create()
	if err != nil {
		err = &RolloutError{Service: s.name, Generation: s.number + 1, Reason: err.Error(), Kept: s.current.number}
		s.refused, s.refusedOf = err.Error(), s.library.name(s.cfg.Source)
		s.settings = before
		s.answer(op.replies, err)
		return
	}
	r := &rollout{from: s.current, to: to, replies: op.replies, step: "start", startedAt: time.Now(), before: before}
	if c := cmp.Or(op.canary, to.cfg.Rollout.Canary); c != nil {
		r.canary = *c
	}
	s.rollout = r
	s.emit(Event{Kind: KindStart, Generation: to.number, Message: fmt.Sprintf("generation %d is being started (%s)", to.number, to.cfg.Rollout.Strategy)})
	s.hook(to, beforeStart, 0)
}

// candidatePrepared goes on with a rollout after before_start.
func (s *service) candidatePrepared(r *rollout, err error) {
	switch {
	case r.failed != nil:
	case err != nil:
		s.fail(err.Error(), nil)
	default:
		r.to.prepared = true
		s.advance()
	}
}

// advance does what the running rollout can do next. It is called after everything that may have changed that.
func (s *service) advance() {
	r := s.rollout
	if r == nil || !r.advances() {
		return
	}
	s.arrange(r)
	if s.rollout != r || !r.advances() { // what arrange did has led here once more already
		return
	}
	if !r.announced && r.to.allReady() {
		r.announced = true
		s.announceReady(r)
	}
	switch {
	case !s.replaced(r):
	case r.step != stepCanary:
		r.hooking = true
		s.hook(r.to, afterReady, r.to.cfg.Ready.Timeout)
	case r.isOver():
		s.promote(r)
	}
}

// advances is whether the new generation is still on its way to be the current one.
func (r *rollout) advances() bool {
	return r.failed == nil && r.to.prepared && !r.to.promoted && !r.hooking && r.step != stepPromote
}

// replaced is whether all workers of the new generation have proved themselves.
func (s *service) replaced(r *rollout) bool {
	for _, sl := range r.to.active() {
		if !sl.finished && (sl.worker == nil || !isBaked(sl.worker)) {
			return false
		}
	}
	return true
}

func (s *service) announceReady(r *rollout) {
	r.step = "ready"
	s.emit(Event{Kind: KindReady, Generation: r.to.number, Message: fmt.Sprintf("generation %d is ready (%s)", r.to.number, plural(len(r.to.active()), "worker"))})
	if bake := r.to.cfg.Rollout.Bake; bake > 0 {
		r.step = "bake"
		s.emit(Event{Kind: KindBake, Generation: r.to.number, Message: fmt.Sprintf("generation %d must stay healthy for %s", r.to.number, bake)})
	}
}

func (s *service) afterReady(r *rollout, err error) {
	r.hooking = false
	switch {
	case r.failed != nil:
	case err != nil:
		s.fail(err.Error(), nil)
	case !s.replaced(r):
		s.advance()
	case r.canary.Share > 0 && len(r.to.active()) > 0:
		s.beginCanary(r)
	default:
		s.promote(r)
	}
}

// retired ends a rollout that went well.
func (s *service) retired(r *rollout) {
	r.step = "retire"
	s.emit(Event{Kind: KindRetire, Generation: r.from.number, Message: fmt.Sprintf("generation %d is gone", r.from.number)})
	s.finish(r, nil)
}

// fail gives up on the new generation. What served before goes on, or is brought back where the strategy took it away.
func (s *service) fail(reason string, output []string) {
	r := s.rollout
	err := &RolloutError{Service: s.name, Generation: r.to.number, Reason: reason, Output: output, Kept: r.from.number}
	message := fmt.Sprintf("generation %d failed, generation %d goes on", r.to.number, r.from.number)
	switch {
	case s.halting:
		err.Kept, message = 0, fmt.Sprintf("generation %d is given up", r.to.number)
	case r.from.ranOut():
		err.Kept, message = 0, fmt.Sprintf("generation %d failed, and generation %d has ended", r.to.number, r.from.number)
	case reason == byHand:
		message = fmt.Sprintf("generation %d is given up, generation %d goes on", r.to.number, r.from.number)
	}
	s.endCanary(r)
	r.failed, r.step = err, "rollback"
	s.shrinkStore(r.from.cfg)
	s.settings, s.refused, s.refusedOf = r.before, err.Error(), s.library.name(r.to.cfg.Source)
	s.emit(Event{Kind: KindRollback, Generation: r.to.number, Error: reason, Output: output, Message: message})
	s.answer(r.replies, err)
	r.replies = nil
	s.former = append(s.former, r.to)
	if r.to.cfg.Rollout.Strategy == "rolling" {
		s.restore(r.from)
	}
	s.retire(r.to, func() { s.rolledBack(r) })
}

// rolledBack ends a rollout that failed.
func (s *service) rolledBack(r *rollout) {
	s.restore(r.from)
	s.finish(r, r.failed)
}

// restore brings back the workers of a generation that had made room for one that failed. Those that are still on their way out are
// replaced when they are gone.
func (s *service) restore(g *generation) {
	if g.stopping || s.halting {
		return
	}
	g.parked = false
	if g.stopHook == hookDone {
		g.stopHook = hookNotRun
	}
	s.endDrains(g) // new connections come to it again
	s.turnTo(g)
	s.fill(g)
}

// finish ends the rollout; the next operation may begin.
func (s *service) finish(r *rollout, err error) {
	s.answer(r.replies, err)
	r.replies = nil
	s.rollout = nil
}

// arrange starts and stops workers as the strategy allows now.
func (s *service) arrange(r *rollout) {
	switch r.to.cfg.Rollout.Strategy {
	case "replace":
		s.replace(r)
	case "rolling":
		s.rolling(r)
	default:
		s.overlap(r)
	}
}

// overlap starts all new workers beside all old ones. The old ones are stopped after the promotion.
func (s *service) overlap(r *rollout) {
	for _, sl := range r.to.active() {
		s.startWorker(r.to, sl)
	}
}

// replace stops all old workers and then starts the new ones, for programs that cannot run twice. Connections wait in the
// backlog meanwhile.
func (s *service) replace(r *rollout) {
	if !r.from.parked {
		s.park(r.from)
	}
	if r.from.count(isThere) == 0 && r.from.stopHook != hookRunning {
		s.overlap(r)
	}
}

// park stops the workers of a generation that may have to come back.
func (s *service) park(g *generation) {
	g.parked = true
	s.turnFrom(g)
	for _, sl := range g.slots {
		stop(&sl.retry)
	}
	s.beforeStop(g)
}

// rolling replaces worker by worker: never more than max_surge beyond the wanted number, never fewer than max_unavailable
// below it.
func (s *service) rolling(r *rollout) {
	limits := r.to.cfg.Rollout
	want := len(r.to.active())
	room := r.room()
	for _, sl := range r.to.active() {
		if room > 0 && sl.worker == nil && !sl.finished {
			s.startWorker(r.to, sl)
			room--
		}
	}
	spare := r.from.count(isServing) + r.to.count(isBaked) - (want - limits.MaxUnavailable)
	s.stepAside(r, r.from.dispensable(spare))
}

// room is how many workers may be started beside those there are.
func (r *rollout) room() int {
	return len(r.to.active()) + r.to.cfg.Rollout.MaxSurge - r.from.count(isLive) - r.to.count(isThere)
}

// crowded is whether a worker of g that crashed has to stay away because a new one has taken its place.
func (s *service) crowded(g *generation) bool {
	r := s.rollout
	return r != nil && g == r.from && r.failed == nil && !r.to.promoted && r.to.cfg.Rollout.Strategy == "rolling" && r.room() <= 0
}

// dispensable gives the workers that are not ready, and at most spare of those that are.
func (g *generation) dispensable(spare int) []*worker {
	var out []*worker
	for _, sl := range g.active() {
		w := sl.worker
		if w == nil || !isLive(w) {
			continue
		}
		if w.phase == ready {
			if spare <= 0 {
				continue
			}
			spare--
		}
		out = append(out, w)
	}
	return out
}

// stepAside stops old workers for good, as long as the rollout does not fail. Who may go is worked out anew after the hook.
func (s *service) stepAside(r *rollout, going []*worker) {
	if len(going) == 0 {
		return
	}
	r.from.parked = true
	switch r.from.stopHook {
	case hookRunning:
		return
	case hookNotRun:
		s.beforeStop(r.from)
		return
	}
	for _, w := range going {
		s.stopWorker(w)
	}
	s.advance()
}

// answer gives everybody who waits the result, when it is saved.
func (s *service) answer(replies []chan error, err error) {
	if len(replies) == 0 {
		return
	}
	s.later(func() {
		for _, c := range replies {
			c <- err
		}
	})
}

// plural counts things in English.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
