package supervisor

import (
	"fmt"
	"time"
)

// The hooks of a service, as the configuration calls them.
const (
	beforeStart = "before_start"
	afterReady  = "after_ready"
	beforeStop  = "before_stop"
	afterStop   = "after_stop"
)

// hookRun is a hook that runs now.
type hookRun struct {
	name    string        // before_start, after_ready, before_stop or after_stop
	id      string        // of its process
	allowed time.Duration // how long it may take; 0: as long as it likes
	until   time.Time     // when that is over
	limit   *time.Timer
	late    string // that it took too long; empty while it has not
	unasked bool   // its end was wanted: nobody needs to hear of it
	cancel  func() // nil until it has been started
	release func() // its end has been taken in
}

// end has the hook killed. Its callback comes all the same. A nil receiver is no hook.
func (h *hookRun) end() {
	if h != nil {
		h.unasked = true
		h.kill()
	}
}

func (h *hookRun) kill() {
	if h.cancel != nil {
		h.cancel()
	}
}

// hook runs a hook of g, if there is one, and then hooked. After limit it is ended; zero means no limit. What waits for
// the end of g waits for its hook.
func (s *service) hook(g *generation, name string, limit time.Duration) {
	if s.killed || !s.runner.hasHook(spec{service: g.cfg, generation: g.number}, name) {
		s.hooked(g, name, nil)
		return
	}
	run := &hookRun{name: name, id: s.nextID("hook", g, name), allowed: limit}
	if limit > 0 {
		run.until = time.Now().Add(limit)
	}
	s.runHook(g, run)
}

// runHook has the hook's process started.
func (s *service) runHook(g *generation, run *hookRun) {
	g.hook = run
	s.later(func() { s.startHook(g, run) })
	if run.allowed > 0 {
		s.limitHook(run, run.allowed)
	}
}

func (s *service) startHook(g *generation, run *hookRun) {
	spec := s.spec(g, 0)
	spec.id = run.id
	run.cancel, run.release = s.runner.hook(spec, run.name, func(err error) { s.post(func() { s.hookEnded(g, run, err) }) })
	if run.unasked || run.late != "" {
		run.cancel()
	}
}

func (s *service) limitHook(run *hookRun, d time.Duration) {
	s.after(&run.limit, d, func() {
		run.late = fmt.Sprintf("hook %s of service %q did not end within %s", run.name, s.name, run.allowed)
		run.kill()
	})
}

// stopHook runs a hook of the stop, which has stop.timeout. Where that is zero everything is killed at once.
func (s *service) stopHook(g *generation, name string) {
	if g.cfg.Stop.Timeout == 0 {
		s.hooked(g, name, nil)
		return
	}
	s.hook(g, name, g.cfg.Stop.Timeout)
}

func (s *service) hookEnded(g *generation, run *hookRun, err error) {
	g.hook = nil
	stop(&run.limit)
	s.later(func() { run.release() })
	if err != nil && run.late != "" {
		err = fmt.Errorf("%s", run.late)
	}
	if err != nil && !run.unasked {
		s.emit(Event{Kind: KindHookFailed, Generation: g.number, Error: err.Error(), Message: run.name + " failed"})
	}
	s.hooked(g, run.name, err)
	s.checkGone(g)
}

// hooked goes on where a hook had to be waited for, or there is none.
func (s *service) hooked(g *generation, name string, err error) {
	r := s.rollout
	switch name {
	case beforeStart:
		if r != nil && g == r.to {
			s.candidatePrepared(r, err)
		} else {
			s.bootPrepared(g, err)
		}
	case afterReady:
		if r != nil && g == r.to {
			s.afterReady(r, err)
		}
	case beforeStop:
		g.stopHook = hookDone
		s.stopNow(g)
	case afterStop:
		s.bury(g)
	}
}
