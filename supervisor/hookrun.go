package supervisor

import (
	"fmt"
	"time"
)

// hookRun is a hook that runs now.
type hookRun struct {
	cancel  func()
	limit   *time.Timer
	late    string // that it took too long; empty while it has not
	unasked bool   // its end was wanted: nobody needs to hear of it
}

// end has the hook killed. Its callback comes all the same. A nil receiver is no hook.
func (h *hookRun) end() {
	if h != nil {
		h.unasked = true
		h.cancel()
	}
}

// hook runs a hook of g, if there is one, and then calls f in the loop. After limit it is ended; zero means no limit. What
// waits for the end of g waits for its hook.
func (s *service) hook(g *generation, name string, limit time.Duration, f func(error)) {
	run := &hookRun{}
	if !s.killed {
		run.cancel = s.runner.hook(s.spec(g, 0), name, func(err error) { s.post(func() { s.hooked(g, run, name, err, f) }) })
	}
	if run.cancel == nil {
		f(nil)
		return
	}
	g.hook = run
	if limit > 0 {
		s.after(&run.limit, limit, func() {
			run.late = fmt.Sprintf("hook %s of service %q did not end within %s", name, s.name, limit)
			run.cancel()
		})
	}
}

// stopHook runs a hook of the stop, which has stop.timeout. Where that is zero everything is killed at once.
func (s *service) stopHook(g *generation, name string, f func(error)) {
	if g.cfg.Stop.Timeout == 0 {
		f(nil)
		return
	}
	s.hook(g, name, g.cfg.Stop.Timeout, f)
}

func (s *service) hooked(g *generation, run *hookRun, name string, err error, f func(error)) {
	g.hook = nil
	stop(&run.limit)
	if err != nil && run.late != "" {
		err = fmt.Errorf("%s", run.late)
	}
	if err != nil && !run.unasked {
		s.emit(Event{Kind: KindHookFailed, Generation: g.number, Error: err.Error(), Message: name + " failed"})
	}
	f(err)
	s.checkGone(g)
}
