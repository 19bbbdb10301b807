package supervisor

import (
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// startWorker puts a new worker into a slot that has none and does not wait for one.
func (s *service) startWorker(g *generation, sl *slot) {
	if sl.worker != nil || sl.retry != nil || sl.finished || sl.retired || !g.prepared || g.stopping || g.parked || s.crowded(g) {
		return
	}
	w := &worker{gen: g, slot: sl, index: sl.index, phase: starting, startedAt: time.Now(), interval: g.cfg.Health.Watchdog}
	w.id = s.nextID("worker", g, strconv.Itoa(sl.index))
	sl.worker = w
	w.arm(s, g.cfg.Ready.Timeout)
	s.later(func() { s.run(w) })
}

// run has the worker's process started, or taken over where an earlier manager has started it.
func (s *service) run(w *worker) {
	spec := s.spec(w.gen, w.index)
	spec.id, spec.ready, spec.launched = w.id, w.phase != starting, w.launched
	spec.storedNames, spec.stored = s.store.duplicates(w.gen.cfg)
	w.proc = s.runner.start(spec, func(h happening) { s.tell(w, h) })
}

// tell has the loop take in what a process did. What the worker itself has said stays where it can be read once more
// until it has been taken in and saved.
func (s *service) tell(w *worker, h happening) {
	s.post(func() {
		s.happened(w, h)
		if h.done != nil {
			s.later(h.done)
		}
	})
}

// arm sets the deadline of the worker's phase to d from now. Zero means no deadline.
func (w *worker) arm(s *service, d time.Duration) {
	stop(&w.deadline)
	if d > 0 {
		w.deadlineAt = time.Now().Add(d)
		s.after(&w.deadline, d, func() { s.deadlinePassed(w) })
	}
}

func (s *service) deadlinePassed(w *worker) {
	if w.phase == starting {
		w.failure = fmt.Sprintf("%s was not ready after %s%s", w.describe(), w.gen.cfg.Ready.Timeout, w.missed())
	}
	s.step(w, ranOut)
}

// happened takes in what a worker's process did. What is found of one after its end is too late; what it has said may still count.
func (s *service) happened(w *worker, h happening) {
	if w.phase == gone && h.kind != said {
		return
	}
	switch h.kind {
	case launched:
		if !w.launched { // else it was an earlier manager that launched it
			s.launched(w, h.pid)
		}
	case foundReady:
		s.shows(w)
	case foundStopped:
		w.stopped = true
		s.shows(w)
		s.goOn(w)
	case said:
		s.heard(w, h.message)
		h.message.Close()
	case ignored:
		s.emit(Event{Kind: KindWorkerIgnored, Generation: w.gen.number, Worker: &w.index, PID: h.pid, Error: h.err.Error(), Message: "notify message ignored"})
	case closedListener:
		s.closed(w, h)
	case lacking:
		w.lacks = h.err.Error()
	case checked:
		s.checked(w, h)
	case listening:
		s.listens(w, h)
	case strange:
		s.boundElsewhere(w, h)
	case unanswered:
		s.wentPast(w, h)
	case ended:
		s.ended(w, h)
	}
}

// goOn continues a worker that has stopped itself, once: what stops it later is none of our business.
func (s *service) goOn(w *worker) {
	s.later(func() {
		if n, ok := config.SignalNumber("SIGCONT"); ok {
			s.signal(w, syscall.Signal(n))
		}
		w.stopped, s.changed = false, true
	})
}

func (s *service) launched(w *worker, pid int) {
	w.launched, w.pid, w.launchedAt = true, pid, time.Now()
	s.emit(w.event(KindWorkerStarted, "worker started"))
	s.tellSockets(w, "started")
	switch {
	case w.phase == draining:
		s.askToStop(w)
	case w.phase == killing:
		s.later(func() { w.proc.kill() })
	case w.gen.cfg.Ready.When == "started":
		s.shows(w)
	case w.gen.cfg.Ready.When == "auto" && len(w.unheard()) == 0:
		s.awaitSettled(w, 0)
	}
}

// awaitSettled counts a worker as ready that has lived for ready.settle, where it listens everywhere, in no less than the given time.
func (s *service) awaitSettled(w *worker, least time.Duration) {
	since := w.launchedAt
	if w.listenedAt.After(since) {
		since = w.listenedAt
	}
	d := max(w.gen.cfg.Ready.Settle-time.Since(since), least)
	s.after(&w.settle, d, func() { s.step(w, becameReady) })
}

// step moves a worker on and does what its new phase asks for.
func (s *service) step(w *worker, t trigger) {
	next := life[w.phase][t]
	if next == w.phase {
		return
	}
	was := w.phase
	w.phase = next
	w.stopTimers()
	switch next {
	case ready:
		s.enterReady(w)
	case draining:
		s.enterDraining(w)
	case killing:
		s.enterKilling(w, was)
	}
}

func (s *service) enterReady(w *worker) {
	w.readyAt = time.Now()
	e := w.event(KindWorkerReady, fmt.Sprintf("worker ready after %s", w.readyAt.Sub(w.startedAt).Round(time.Millisecond)))
	s.emit(e)
	s.tellSockets(w, "ready")
	if w.gen.promoted {
		s.tellSockets(w, "promoted")
	}
	s.later(func() { w.proc.seek() })
	w.armWatchdog(s)
	w.healthyAt = w.readyAt
	w.baked = w.gen.promoted || w.gen.cfg.Rollout.Bake == 0 && len(w.gen.cfg.Checks()) == 0
	s.watch(w, true)
	s.awaitBaked(w, 0)
	s.settled(w.gen)
	s.advance()
}

// awaitBaked counts a worker as healthy that has been ready for rollout.bake with no check that failed, and at least one of each kind, in
// no less than the given time.
func (s *service) awaitBaked(w *worker, least time.Duration) {
	if !w.baked && w.sound() {
		d := max(w.gen.cfg.Rollout.Bake-time.Since(w.healthyAt), least)
		s.after(&w.bake, d, func() { w.baked = true; s.advance() })
	}
}

func (s *service) enterKilling(w *worker, was phase) {
	e := w.event(KindWorkerKilled, "worker killed")
	if w.failure != "" {
		e.Error = w.failure
	} else if was == draining && !s.killed && w.gen.cfg.Stop.Timeout > 0 {
		e.Error = fmt.Sprintf("%s did not end within %s", w.describe(), w.gen.cfg.Stop.Timeout)
	}
	s.emit(e)
	if w.launched {
		s.later(func() { w.proc.kill() })
	}
}

// ended is the last thing that happens to a worker.
func (s *service) ended(w *worker, h happening) {
	was := w.phase
	s.step(w, exited)
	output := w.proc.output()
	s.later(w.proc.release)
	s.tellSockets(w, "gone")
	g := w.gen
	w.slot.worker, w.slot.lastExit = nil, h.text()
	g.forget()
	if w.stopping || g.stopping || g.parked {
		s.emit(w.event(KindWorkerExited, "worker "+h.text()))
		s.checkGone(g)
		s.startWorker(g, w.slot) // if it is wanted again by now
		s.advance()
		return
	}
	s.lost(w, was, h, output)
}

// lost deals with a worker that ended although nobody wanted it to.
func (s *service) lost(w *worker, was phase, h happening, output []string) {
	g := w.gen
	candidate := s.candidate(g)
	completed := h.err == nil && h.exit.Success() && !w.readyAt.IsZero() && w.failure == ""
	when := g.cfg.Restart.When
	if when != "always" && completed {
		w.slot.finished = true
		s.emit(w.event(KindWorkerExited, "worker "+h.text()+" and is not restarted"))
		s.settled(g)
		s.advance()
		return
	}
	reason := failureOf(w, was, h)
	e := w.event(KindWorkerFailed, "worker failed")
	e.Error, e.Output = reason, output
	s.emit(e)
	if candidate {
		s.fail(reason, output)
		return
	}
	if when == "never" && h.err == nil {
		s.giveUp(w, reason, output)
		return
	}
	s.restart(w, reason, output)
}

// giveUp leaves a slot empty whose worker failed, as restart.when wants it.
func (s *service) giveUp(w *worker, reason string, output []string) {
	w.slot.finished = true
	s.blame(w.gen, reason)
	s.tellWaiters(w.gen, &StartError{Service: s.name, Reason: reason, Output: output, Final: true})
	if w.gen.allReady() {
		s.cameUp()
	}
}

// restart gives the slot of a failed worker its next one, after a delay that grows.
func (s *service) restart(w *worker, reason string, output []string) {
	g, sl := w.gen, w.slot
	s.blame(g, reason)
	failed := &StartError{Service: s.name, Reason: reason, Output: output}
	var lived time.Duration
	if !w.readyAt.IsZero() {
		lived = time.Since(w.readyAt)
	}
	d := sl.delay(g.cfg.Restart, lived)
	s.crashes++
	sl.retryAt = time.Now().Add(d)
	if d == 0 {
		s.tellWaiters(g, failed)
		s.startWorker(g, sl)
		return
	}
	s.emit(w.event(KindWorkerBackoff, fmt.Sprintf("worker is started again in %s", d)))
	s.tellWaiters(g, failed)
	s.after(&sl.retry, d, func() { s.startWorker(g, sl) })
}

// stopWorker asks a worker to finish. Nil and one that is on its way out are fine.
func (s *service) stopWorker(w *worker) {
	if w == nil {
		return
	}
	w.stopping = true
	s.step(w, stopAsked)
}

// heard takes in an sd_notify(3) message of the worker's own.
func (s *service) heard(w *worker, m notify.Message) {
	switch {
	case m.Status != "":
		w.status = m.Status
	case m.Stopping:
		w.status = "stopping"
	case m.Reloading:
		w.status = "reloading"
	case m.Ready && w.status == "reloading":
		w.status = ""
	}
	if m.MainPID > 0 && m.MainPID != w.pid && w.phase != gone {
		s.follow(w, m.MainPID)
	}
	if when := w.gen.cfg.Ready.When; m.Ready && (when == "auto" || when == "notify") {
		s.shows(w)
	}
	if m.ExtendTimeout > 0 && w.deadline != nil && time.Now().Add(m.ExtendTimeout).After(w.deadlineAt) {
		w.arm(s, m.ExtendTimeout)
	}
	if m.WatchdogInterval > 0 || m.WatchdogOff {
		w.interval = m.WatchdogInterval
	}
	if m.WatchdogTrigger {
		s.bark(w, "it asked for it (WATCHDOG=trigger)")
	} else if m.Watchdog || m.WatchdogInterval > 0 || m.WatchdogOff {
		w.armWatchdog(s)
	}
	s.heardOfStore(w, m)
}

func (s *service) follow(w *worker, pid int) {
	if err := w.proc.follow(pid); err != nil {
		s.emit(Event{Kind: KindWorkerIgnored, Generation: w.gen.number, Worker: &w.index, PID: pid, Error: err.Error(), Message: "MAINPID ignored"})
		return
	}
	w.pid = pid
}

// armWatchdog starts the time anew in which a ready worker must say WATCHDOG=1, if it asked for a watchdog.
func (w *worker) armWatchdog(s *service) {
	stop(&w.watchdog)
	if w.interval <= 0 || w.phase != ready || w.failure != "" {
		return
	}
	s.after(&w.watchdog, w.interval, func() {
		s.bark(w, fmt.Sprintf("no WATCHDOG=1 for %s", w.interval))
	})
}

// bark ends a worker that hangs: SIGABRT where there is one, so that it may leave a core, then SIGKILL.
func (s *service) bark(w *worker, why string) {
	if w.phase != ready || w.failure != "" {
		return
	}
	w.failure = fmt.Sprintf("%s hangs: %s", w.describe(), why)
	s.unhealthy(w, w.failure, nil)
	s.later(func() { s.signal(w, abort) })
	w.arm(s, max(w.gen.cfg.Stop.Timeout, time.Millisecond)) // zero would be no deadline
}

func (s *service) signal(w *worker, sig syscall.Signal) {
	if err := w.proc.signal(sig); err != nil {
		e := w.event(KindWorkerFailed, "signal not delivered")
		e.Error = err.Error()
		s.emit(e)
	}
}

// tellSockets lets the registry know what its guard needs: who may have touched a listener, and when.
func (s *service) tellSockets(w *worker, kind string) {
	if len(w.gen.leases) == 0 {
		return
	}
	s.sockets.WorkerEvent(registry.WorkerEvent{Service: s.name, Generation: w.gen.number, Worker: w.index, PID: w.pid, Names: w.gen.cfg.Listeners, Kind: kind})
}

func (w *worker) event(kind, message string) Event {
	return Event{Kind: kind, Generation: w.gen.number, Worker: &w.index, PID: w.pid, Message: message}
}

// text says how a worker ended.
func (h happening) text() string {
	if h.err != nil {
		return "could not be started: " + h.err.Error()
	}
	return h.exit.String()
}

// failureOf is the sentence that tells why a worker is gone.
func failureOf(w *worker, was phase, h happening) string {
	switch {
	case w.failure != "":
		return w.failure
	case h.err != nil:
		return h.err.Error()
	case was == starting:
		return w.withPast(fmt.Sprintf("%s %s before it was ready", w.describe(), h.exit))
	}
	return fmt.Sprintf("%s %s", w.describe(), h.exit)
}

// stopSignal is what asks g's workers to finish.
func stopSignal(g *generation) syscall.Signal {
	n, ok := config.SignalNumber(g.cfg.Stop.Signal)
	if !ok {
		return syscall.SIGTERM
	}
	return syscall.Signal(n)
}
