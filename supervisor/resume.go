package supervisor

import (
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// everyWorker gives the workers of all generations.
func (s *service) everyWorker() []*worker {
	var out []*worker
	for _, g := range s.generations() {
		for _, sl := range g.slots {
			if sl.worker != nil {
				out = append(out, sl.worker)
			}
		}
	}
	return out
}

// reacquire takes the leases back, and tells the guard of the workers that use them.
func (s *service) reacquire() {
	for _, g := range s.generations() {
		if len(g.before) == 0 {
			continue // it has none, or they are not known: see regain
		}
		leases, err := s.sockets.Reacquire(registry.User{Service: s.name, Generation: g.number}, g.before)
		if err != nil {
			s.emit(Event{Kind: KindWorkerFailed, Generation: g.number, Error: err.Error(), Message: "generation has lost its listeners, and takes those of the configuration"})
			continue
		}
		g.leases = leases
	}
	for _, w := range s.everyWorker() {
		s.retell(w)
	}
}

// retell repeats to the guard what it has heard of a worker.
func (s *service) retell(w *worker) {
	if !w.launched {
		return
	}
	s.tellSockets(w, registry.Started)
	if !w.readyAt.IsZero() {
		s.tellSockets(w, registry.Ready)
	}
	if !w.readyAt.IsZero() && w.gen.promoted {
		s.tellSockets(w, registry.Promoted)
	}
	if w.phase == draining {
		s.tellSockets(w, registry.Draining)
	}
}

// resume goes on where the manager before was ended: everything that was under way is taken over, everything that was decided
// and not done yet is done. It is the first note of a restored service.
func (s *service) resume() {
	for _, g := range s.generations() {
		s.resumeGeneration(g)
	}
	s.resumeSteering()
	if g := s.current; g != nil && !g.parked {
		s.fill(g)
	}
	if v := s.reserve; v != nil && !v.gen.stopping {
		s.awaitExpiry(grace)
		s.fill(v.gen)
	}
	s.advance()
	s.checkHalted()
	s.next()
}

// regain leases the listeners of the configuration for a generation whose own are not known any more.
func (s *service) regain(g *generation) {
	if len(g.leases) > 0 || len(g.cfg.Listeners) == 0 || g.closed {
		return
	}
	leases, err := s.sockets.Acquire(g.cfg.Listeners, registry.User{Service: s.name, Generation: g.number})
	if err != nil {
		s.emit(Event{Kind: KindWorkerFailed, Generation: g.number, Error: err.Error(), Message: "generation has lost its listeners"})
		return
	}
	g.leases = leases
}

func (s *service) resumeGeneration(g *generation) {
	s.regain(g)
	if run := g.hook; run != nil {
		s.startHook(g, run)
		if !run.until.IsZero() {
			s.limitHook(run, max(time.Until(run.until), grace))
		}
	}
	if at := g.boot.retryAt; !at.IsZero() && !g.stopping {
		s.retryBoot(g, time.Until(at))
	}
	for _, sl := range g.slots {
		switch {
		case sl.worker != nil:
			s.resumeWorker(sl.worker)
		case !sl.retryAt.IsZero() && !g.stopping && !g.parked:
			s.after(&sl.retry, time.Until(sl.retryAt), func() { s.startWorker(g, sl) })
		}
	}
	if g.stopping && g.hook == nil {
		s.stopWorkers(g)
	}
	s.checkGone(g)
}

// grace is how long it takes at least until a time is up that passed while nobody listened: what a worker did meanwhile, in time or
// instead, has to be heard first.
const grace = time.Second

// resumeWorker takes a worker over in its phase. Its process may not exist yet: then it is started. It is in the saved state, so that
// does not have to wait for a save.
func (s *service) resumeWorker(w *worker) {
	s.run(w)
	if !w.deadlineAt.IsZero() {
		w.arm(s, max(time.Until(w.deadlineAt), grace))
	}
	if !w.launched {
		return
	}
	if w.stopped {
		s.goOn(w)
	}
	switch w.phase {
	case starting:
		switch w.gen.cfg.Ready.When {
		case "started":
			s.shows(w)
		case "auto":
			if len(w.unheard()) == 0 {
				s.awaitSettled(w, grace)
			}
		}
	case ready:
		w.armWatchdog(s)
		s.watch(w, !w.baked)
		s.awaitBaked(w, grace)
	case draining:
		switch {
		case !w.drain.until.IsZero():
			s.leaveAlone(w, grace)
		case !w.signalled:
			s.askToStop(w)
		}
	case killing:
		s.later(func() { w.proc.kill() })
	}
}
