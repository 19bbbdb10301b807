package supervisor

import (
	"fmt"
	"slices"
	"time"
)

// finding is what the checks of health of one kind have found of a worker.
type finding struct {
	failures int    // in a row; 0: the last one was good
	reason   string // why the last one failed
}

// watch begins with the checks of a ready worker's health, if there are any.
func (s *service) watch(w *worker, soon bool) {
	w.found = map[string]finding{}
	if len(w.gen.cfg.Checks()) > 0 {
		s.later(func() {
			if w.phase == ready && w.unwatch == nil {
				w.unwatch = w.proc.watch(soon)
			}
		})
	}
}

// checked takes in what a check of health has found.
func (s *service) checked(w *worker, h happening) {
	if w.phase != ready || w.failure != "" {
		return
	}
	f := w.found[h.name]
	if h.err == nil {
		w.found[h.name] = finding{}
		s.recovered(w, f.failures > 0)
		return
	}
	f = finding{failures: f.failures + 1, reason: h.err.Error()}
	w.found[h.name], w.healthyAt = f, time.Now()
	stop(&w.bake)
	limit := w.gen.cfg.Health.Failures
	if f.failures < limit {
		return
	}
	reason := fmt.Sprintf("%s is unhealthy: %s", w.describe(), f.text())
	if f.failures == limit {
		s.unhealthy(w, reason, h.output)
	}
	if s.candidate(w.gen) {
		s.fail(reason, h.output)
		return
	}
	s.mend(w, reason)
}

// recovered goes on with what has waited for a worker to be well.
func (s *service) recovered(w *worker, wasIll bool) {
	if wasIll {
		w.healthyAt = time.Now()
	}
	if !w.sound() {
		return
	}
	w.slot.ailing = false
	s.awaitBaked(w, 0)
	s.advance()
}

// mend replaces a worker that is unhealthy: it finishes what it has, and its slot starts the next one, later and later. One worker of a
// generation at a time is replaced: where all are ill what they need may be down, and to start them all anew helps nobody.
func (s *service) mend(w *worker, reason string) {
	other := func(sl *slot) bool { return sl != w.slot && sl.ailing && !sl.finished }
	if slices.ContainsFunc(w.gen.active(), other) {
		return // the next failure asks again
	}
	w.slot.ailing, w.failure = true, reason
	s.step(w, stopAsked)
}

func (s *service) unhealthy(w *worker, reason string, output []string) {
	e := w.event(KindWorkerUnhealthy, "worker is unhealthy")
	e.Error, e.Output = reason, output
	s.emit(e)
}

// candidate is whether g is on its way to be the current generation.
func (s *service) candidate(g *generation) bool {
	return s.rollout != nil && s.rollout.to == g && !g.promoted
}

// sound is whether every check of w's health has been made, and the last one was good.
func (w *worker) sound() bool {
	for _, kind := range w.gen.cfg.Checks() {
		if f, made := w.found[kind]; !made || f.failures > 0 {
			return false
		}
	}
	return true
}

// failing is whether the last check of some kind was not good.
func (w *worker) failing() bool { return w.worst().failures > 0 }

// worst is what has failed most often.
func (w *worker) worst() (worst finding) {
	for _, kind := range w.gen.cfg.Checks() {
		if f := w.found[kind]; f.failures > worst.failures {
			worst = f
		}
	}
	return worst
}

// health is how a worker does, for people; "" while that is not known.
func (w *worker) health() string {
	switch f := w.worst(); {
	case w.failure != "":
		return w.failure
	case f.failures > 0:
		return fmt.Sprintf("failing %d/%d: %s", f.failures, w.gen.cfg.Health.Failures, f.reason)
	case w.phase == ready && w.sound() && (len(w.found) > 0 || w.gen.cfg.Health.Watchdog > 0):
		return "ok"
	}
	return ""
}

// illness tells of a worker of g that serves and is unhealthy; "" if there is none. Nil is no generation.
func (g *generation) illness() string {
	if g == nil {
		return ""
	}
	for _, sl := range g.active() {
		if w := sl.worker; w != nil && w.phase == ready && w.worst().failures >= g.cfg.Health.Failures {
			return fmt.Sprintf("%s is unhealthy: %s", w.describe(), w.worst().text())
		}
	}
	return ""
}

// text says what fails, and that it was not only this once.
func (f finding) text() string {
	if f.failures < 2 {
		return f.reason
	}
	return fmt.Sprintf("%s (%d times in a row)", f.reason, f.failures)
}
