package supervisor

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// service keeps one configured command running. Its loop is the only goroutine that touches its generations, slots and
// workers; everybody else posts a note. What a note decides is saved before any process hears of it.
type service struct {
	// fixed after newService
	name    string
	runner  runner
	sockets sockets
	library *library // names of configurations
	vault   vault
	report  func(Event)
	log     *output.Log   // what its workers print
	logFile *os.File      // in which the lines outlive this process; nil: they do not
	notes   chan func()   // anyone may post
	quit    chan struct{} // closed by whoever made the service, when it is stopped for good
	done    chan struct{} // closed when the loop has ended
	up      chan struct{} // closed when a generation has been ready

	// owned by the loop
	settings
	kept
	store
	current   *generation   // nil while stopped
	former    []*generation // retiring ones, and a candidate that failed
	rollout   *rollout
	reserve   *reserve // nil: none
	queue     []*operation
	stops     []chan error // told when everything is gone
	halting   bool         // being stopped
	leaving   bool         // being stopped for good: nothing is accepted any more
	killed    bool         // everything is being ended at once: no more hooks
	wasUp     bool         // up is closed
	asked     bool         // it has been asked to start, at least once
	number    int          // of the newest generation
	serial    int          // of the newest process
	crashes   int
	reason    string // why a worker is not running; empty when all is well
	refused   string // why the last rollout was rolled back; empty after one that went well
	refusedOf string // name of the configuration that it was of
}

// logLines is how many lines of a service `supervise logs` can show.
const logLines = 1000

// sockets is what a service may do with the listeners it asked for: use them. Closing them is the registry's business.
type sockets interface {
	Acquire(names []string, user registry.User) ([]*registry.Lease, error)
	Reacquire(user registry.User, leases []registry.LeaseState) ([]*registry.Lease, error)
	WorkerEvent(e registry.WorkerEvent)
	Addresses() map[string]fdpass.Address
	Promote(u registry.User) error
	Canary(u registry.User, share float64) error
	Rest(u registry.User) error
	Probe(u registry.User, worker int, listener string, from netip.AddrPort) (end func(), err error)
	Quiet(u registry.User) (waiting int, err error)
}

func newService(cfg *config.Service, all *config.Config, r runner, so sockets, l *library, report func(Event)) *service {
	return &service{
		name: cfg.Name, runner: r, sockets: so, library: l, vault: l.vault, report: report,
		notes: make(chan func(), 16), quit: make(chan struct{}), done: make(chan struct{}), up: make(chan struct{}),
		log: output.NewLog(logLines), settings: settings{cfg, all, cfg.Workers},
	}
}

// loop runs until quit is closed. The service should be stopped by then; where it is not, its processes go on.
func (s *service) loop() {
	defer close(s.done)
	for {
		select {
		case note := <-s.notes:
			note()
			s.commit()
		case <-s.quit:
			stop(&s.retrySave)
			return
		}
	}
}

// post has f called by the loop, which may change the service. A service that is gone drops it.
func (s *service) post(f func()) {
	s.send(func() {
		s.changed = true
		f()
	})
}

// look has f called by the loop, which changes nothing, when all that came before is saved and reported: nobody sees the end of
// something of which the events do not tell yet.
func (s *service) look(f func()) {
	s.send(func() { s.later(f) })
}

func (s *service) send(note func()) {
	select {
	case s.notes <- note:
	case <-s.done:
	}
}

// after has f called by the loop when d has passed, and keeps the timer in field, in place of the one that was there. A
// timer that fires and is replaced or stopped before the loop comes to its note does nothing. One that comes to its note much
// too late tells of a process that was stopped (SIGSTOP, a machine that slept): it waits a moment more, for what workers did
// in time has to be heard first.
func (s *service) after(field **time.Timer, d time.Duration, f func()) {
	stop(field)
	due := time.Now().Add(max(d, 0))
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		s.post(func() {
			switch {
			case *field != t:
			case time.Since(due) > overslept:
				s.after(field, grace, f)
			default:
				*field = nil
				f()
			}
		})
	})
	*field = t
}

// stop ends the timer in field, if there is one.
func stop(field **time.Timer) {
	if *field != nil {
		(*field).Stop()
		*field = nil
	}
}

// overslept is how late a timer may be for a reason other than that the process was stopped.
const overslept = 100 * time.Millisecond

// generations gives all that exist, the current one first.
func (s *service) generations() []*generation {
	var out []*generation
	if s.current != nil {
		out = append(out, s.current)
	}
	if s.rollout != nil && s.rollout.to != s.current {
		out = append(out, s.rollout.to)
	}
	for _, g := range s.former {
		if s.rollout == nil || g != s.rollout.to || s.rollout.to == s.current {
			out = append(out, g)
		}
	}
	if s.reserve != nil {
		out = append(out, s.reserve.gen)
	}
	return out
}

// create makes the next generation, with its sockets, and starts nothing.
func (s *service) create() (*generation, error) {
	leases, err := s.sockets.Acquire(s.cfg.Listeners, registry.User{Service: s.name, Generation: s.number + 1})
	if err != nil {
		return nil, err
	}
	s.number++
	g := newGeneration(s.number, s.cfg, s.all, s.workers)
	g.leases = leases
	return g, nil
}

// boot starts the service from nothing. The generation is current at once: there is none to go back to, so its workers
// are tried until they run.
func (s *service) boot(replies []chan error) {
	g, err := s.create()
	if err != nil {
		s.reason = err.Error()
		s.answer(replies, err)
		return
	}
	g.promoted = true
	s.current = g
	s.turnTo(g)
	g.waiters = replies
	s.emit(Event{Kind: KindServiceStarted, Generation: g.number, Message: "service is being started"})
	s.bootHook(g)
}

// bootHook runs before_start, again and again until it succeeds, then starts the workers.
func (s *service) bootHook(g *generation) {
	s.hook(g, beforeStart, 0)
}

// bootPrepared goes on with a boot after before_start.
func (s *service) bootPrepared(g *generation, err error) {
	if g.stopping {
		return
	}
	if err == nil {
		g.prepared = true
		s.fill(g)
		return
	}
	s.reason = err.Error()
	d := g.boot.delay(g.cfg.Restart, 0)
	s.emit(Event{Kind: KindWorkerBackoff, Generation: g.number, Error: err.Error(), Message: fmt.Sprintf("before_start is tried again in %s", d)})
	s.tellWaiters(g, &StartError{Service: s.name, Reason: err.Error()})
	s.retryBoot(g, d)
}

// retryBoot runs before_start of a boot again after d.
func (s *service) retryBoot(g *generation, d time.Duration) {
	g.boot.retryAt = time.Now().Add(d)
	s.after(&g.boot.retry, d, func() {
		if !g.stopping {
			s.bootHook(g)
		}
	})
}

// fill starts a worker in every active slot that has none and does not wait for one.
func (s *service) fill(g *generation) {
	for _, sl := range g.active() {
		s.startWorker(g, sl)
	}
	s.settled(g)
}

// settled tells those who wait for g when it is ready, and clears what was wrong.
func (s *service) settled(g *generation) {
	if g.stopping || !g.allReady() {
		return
	}
	if g == s.current {
		s.reason = ""
		s.tellWaiters(g, nil)
		s.cameUp()
	}
}

// cameUp lets the services start that depend on this one, when that it is up is saved and told.
func (s *service) cameUp() {
	if !s.wasUp {
		s.wasUp = true
		s.later(func() { close(s.up) })
	}
}

// retire ends a generation: before_stop, stop signals, and when the last worker is gone after_stop and its sockets.
func (s *service) retire(g *generation, whenGone func()) {
	g.whenGone = append(g.whenGone, whenGone)
	if g.stopping {
		return
	}
	g.stopping = true
	if g == s.current {
		s.turnFrom(g)
	}
	s.tellWaiters(g, s.beingStopped())
	if g.stopHook != hookRunning {
		g.hook.end()
	}
	stop(&g.boot.retry)
	for _, sl := range g.slots {
		stop(&sl.retry)
	}
	s.beforeStop(g)
}

// beingStopped is what they get who wait for something that a stop prevents.
func (s *service) beingStopped() error { return fmt.Errorf("service %q is being stopped", s.name) }

// beforeStop runs the before_stop hook of a generation that has served, once, and then stops its workers. A hook that fails
// stops nothing: the stop goes on.
func (s *service) beforeStop(g *generation) {
	switch {
	case !g.promoted || !g.prepared || g.stopHook == hookDone:
		s.stopNow(g)
	case g.stopHook == hookNotRun:
		g.stopHook = hookRunning
		s.stopHook(g, beforeStop)
	}
}

// stopNow is what follows the before_stop hook: what it was run for, as far as that is still wanted.
func (s *service) stopNow(g *generation) {
	switch {
	case g.stopping:
		s.stopWorkers(g)
		s.checkGone(g)
		return
	case g.parked && s.rollout != nil && s.rollout.to.cfg.Rollout.Strategy == "replace":
		s.stopWorkers(g)
	case !g.parked: // a failed rollout has given it back to service meanwhile
		g.stopHook = hookNotRun
	}
	s.advance()
}

func (s *service) stopWorkers(g *generation) {
	for _, sl := range g.slots {
		s.stopWorker(sl.worker)
	}
}

// checkGone closes the book on a generation whose last worker is gone.
func (s *service) checkGone(g *generation) {
	if !g.stopping || g.closed || g.hook != nil || g.count(isThere) > 0 || g.stopHook == hookRunning {
		return
	}
	g.closed = true
	if !g.promoted {
		s.bury(g)
		return
	}
	s.stopHook(g, afterStop)
}

// bury gives back the sockets of a generation that is gone and tells who waited for it.
func (s *service) bury(g *generation) {
	s.later(func() {
		for _, l := range g.leases {
			l.Release()
		}
	})
	if s.current == g {
		s.current = nil
	}
	s.drop(g)
	for _, f := range g.whenGone {
		f()
	}
	s.checkHalted()
	s.next()
}

func (s *service) drop(g *generation) {
	kept := s.former[:0]
	for _, f := range s.former {
		if f != g {
			kept = append(kept, f)
		}
	}
	s.former = kept
}

// spec is what it takes to start the worker of slot index.
func (s *service) spec(g *generation, index int) spec {
	user := registry.User{Service: s.name, Generation: g.number}
	return spec{
		service: g.cfg, all: g.all, generation: g.number, index: index, leases: g.leases, addresses: s.sockets.Addresses(), log: s.log,
		probe: func(listener string, from netip.AddrPort) (func(), error) {
			return s.sockets.Probe(user, index, listener, from)
		},
	}
}

// emit reports an event of this service when it is saved that it has happened: what somebody was told of is not forgotten by the next manager.
func (s *service) emit(e Event) {
	e.Service = s.name
	s.later(func() { s.report(e) })
}
