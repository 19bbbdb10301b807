package supervisor

import (
	"fmt"
	"syscall"

	"github.com/seed-da40d5ac/supervise/config"
)

// operation is something that was asked of a service and that may have to wait for its turn: a service does one thing at
// a time. Reply channels have room for one answer.
type operation struct {
	kind    operationKind
	cfg     *config.Service // restart and adjust: the configuration to go on with; nil = the one it has
	all     *config.Config
	workers int            // scale
	running bool           // restart: only a service that runs; a stopped one stays stopped
	canary  *config.Canary // restart: in place of the configured one
	replies []chan error
	extra   extra
}

type operationKind int

const (
	opStart operationKind = iota
	opRestart
	opScale
	opAdjust // take over settings that need no new workers
	numOperations
)

var operationNames = [numOperations]string{"start", "restart", "scale", "adjust"}

func (k operationKind) String() string { return operationNames[k] }

// accept queues an operation. A restart joins one that is still waiting: both want workers that start after now. One with a canary of its
// own wants more than that, and waits for itself.
func (s *service) accept(op *operation) {
	if s.leaving {
		s.answer(op.replies, s.beingStopped())
		return
	}
	if op.kind == opRestart && op.canary == nil {
		for _, waiting := range s.queue {
			if waiting.kind == opRestart && waiting.canary == nil {
				if op.cfg != nil {
					waiting.cfg, waiting.all = op.cfg, op.all
				}
				waiting.running = waiting.running && op.running
				waiting.replies = append(waiting.replies, op.replies...)
				return
			}
		}
	}
	s.asked = s.asked || op.kind == opStart
	s.queue = append(s.queue, op)
	s.next()
}

// next performs what waits, as long as nothing else is going on.
func (s *service) next() {
	for len(s.queue) > 0 && !s.halting && s.admits(s.queue[0]) {
		op := s.queue[0]
		s.queue = s.queue[1:]
		s.perform(op)
	}
}

// admits is whether it is an operation's turn. What brings another configuration or generation is not kept waiting by a canary, which may
// have no end: that is given up. And it begins without a reserve: that goes first.
func (s *service) admits(op *operation) bool {
	changes := op.kind == opRestart || op.kind == opAdjust
	r := s.rollout
	switch {
	case r == nil && changes && s.reserve != nil:
		s.dismiss()
		return false
	case r == nil:
		return true
	case r.failed == nil && r.step == stepCanary && changes:
		s.fail(fmt.Sprintf("a newer %s takes its place", op.kind), nil)
		return false
	}
	return r.failed == nil && r.step == stepCanary
}

func (s *service) perform(op *operation) {
	switch op.kind {
	case opStart:
		s.start(op)
	case opRestart:
		before := s.settings
		s.take(op)
		refused := s.canaryRefused()
		switch {
		case s.current != nil && op.canary != nil && refused != nil:
			s.answer(op.replies, refused)
		case s.current != nil:
			s.begin(before, op)
		case op.running:
			s.answer(op.replies, nil)
		default:
			s.start(op)
		}
	case opScale:
		s.scale(op)
	case opAdjust:
		s.adjust(op)
	}
}

// adjust gives the current generation settings that need no new workers. What waits for its next attempt has it now, and who asked waits
// for how that ends: the new settings may be the cure.
func (s *service) adjust(op *operation) {
	s.take(op)
	g, replies := s.current, op.replies
	if g != nil {
		g.cfg, g.all = s.cfg, s.all
		if g.awaitsRetry() {
			g.waiters, replies = append(g.waiters, replies...), nil
		}
	}
	s.scale(&operation{workers: s.workers, replies: replies})
	if g != nil {
		s.tryAgain(g)
	}
}

// take makes op's configuration the service's. A changed number of workers overrides what scale said.
func (s *service) take(op *operation) {
	if op.cfg == nil {
		return
	}
	if op.cfg.Workers != s.cfg.Workers {
		s.workers = op.cfg.Workers
	}
	s.cfg, s.all = op.cfg, op.all
}

// start boots a stopped service, and waits for one that is being started.
func (s *service) start(op *operation) {
	switch {
	case s.current == nil:
		s.boot(op.replies)
	case s.current.allReady():
		s.answer(op.replies, nil)
	default:
		s.current.waiters = append(s.current.waiters, op.replies...)
	}
}

// scale gives the current generation another number of workers, and one that may take its place.
func (s *service) scale(op *operation) {
	s.workers = op.workers
	if r := s.rollout; r != nil {
		r.before.workers = op.workers
		s.resize(r.to, op.workers)
	}
	if v := s.reserve; v != nil && !v.gen.stopping {
		v.settings.workers = op.workers
		s.resize(v.gen, op.workers)
	}
	if s.current == nil || op.workers == len(s.current.active()) {
		s.answer(op.replies, nil)
		return
	}
	s.current.waiters = append(s.current.waiters, op.replies...)
	s.resize(s.current, op.workers)
}

// resize gives a generation another number of workers. The surplus is asked to stop.
func (s *service) resize(g *generation, n int) {
	before := len(g.active())
	if n == before {
		return
	}
	for _, sl := range g.resize(n) {
		stop(&sl.retry)
		s.stopWorker(sl.worker)
	}
	g.forget()
	s.emit(Event{Kind: KindServiceScaled, Generation: g.number, Message: fmt.Sprintf("scaled from %d to %s", before, plural(n, "worker"))})
	s.fill(g)
}

// halt stops the service. It does not wait for its turn: a rollout that is going on fails.
func (s *service) halt(reply chan error) {
	if s.current == nil && len(s.former) == 0 && s.reserve == nil {
		s.refuse()
		s.reason, s.refused, s.refusedOf = "", "", ""
		s.answer([]chan error{reply}, nil)
		return
	}
	s.stops = append(s.stops, reply)
	if s.halting && !s.killed { // for the second time: no longer for the sake of connections
		s.endDrains(s.generations()...)
	}
	s.halting = true
	if r := s.rollout; r != nil && r.failed == nil && !r.to.promoted {
		s.fail("the service is being stopped", nil)
	}
	s.refuse()
	if s.current != nil {
		s.retire(s.current, func() {})
	}
	s.dismiss()
	s.checkHalted()
}

// refuse answers what waits for its turn. Settings are kept for the next start: the manager takes them for those in force.
func (s *service) refuse() {
	for _, op := range s.queue {
		s.take(op)
		switch op.kind {
		case opScale:
			s.workers = op.workers
			s.answer(op.replies, nil)
		case opAdjust:
			s.answer(op.replies, nil)
		default:
			s.answer(op.replies, s.beingStopped())
		}
	}
	s.queue = nil
}

// leave stops the service for good.
func (s *service) leave(reply chan error) {
	s.leaving = true
	s.halt(reply)
}

// checkHalted tells those who wait for the service to be stopped that it is.
func (s *service) checkHalted() {
	if !s.halting || s.current != nil || len(s.former) > 0 || s.reserve != nil {
		return
	}
	s.halting = false
	s.emptyStore()
	s.rollout = nil
	s.reason, s.refused, s.refusedOf = "", "", ""
	s.emit(Event{Kind: KindServiceStopped, Generation: s.number, Message: "service stopped"})
	s.answer(s.stops, nil)
	s.stops = nil
}

// killAll ends every worker and hook at once, and the service with them.
func (s *service) killAll() {
	s.killed = true
	s.leave(make(chan error, 1))
	for _, g := range s.generations() {
		g.hook.end()
		for _, sl := range g.slots {
			if sl.worker != nil {
				sl.worker.stopping = true
				s.step(sl.worker, ranOut)
			}
		}
	}
}

// signalAll sends sig to the main process of every worker.
func (s *service) signalAll(sig syscall.Signal) error {
	n := 0
	for _, g := range s.generations() {
		for _, sl := range g.slots {
			if sl.worker == nil || !sl.worker.launched || sl.worker.phase == killing {
				continue
			}
			if err := sl.worker.proc.signal(sig); err != nil {
				return fmt.Errorf("cannot signal %s of service %q: %w", sl.worker.describe(), s.name, err)
			}
			n++
		}
	}
	if n == 0 {
		return fmt.Errorf("cannot signal service %q: it has no running worker", s.name)
	}
	return nil
}
