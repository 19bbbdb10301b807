package supervisor

import (
	"fmt"
)

// stepPromote is the step of a rollout in which it is decided that the new generation is the current one, and the kernel does not know
// yet.
const stepPromote = "promote"

// promote has new connections go to the new generation, and goes on when the kernel sends them there. Where it does not the rollout
// fails: nothing of the old generation has been touched.
func (s *service) promote(r *rollout) {
	r.step = stepPromote
	stop(&r.timer)
	s.later(func() {
		if s.rollout != r || r.failed != nil {
			return
		}
		s.changed = true
		if err := s.sockets.Promote(s.user(r.to)); err != nil {
			_ = s.sockets.Promote(s.user(r.from)) // or else the registry goes on trying
			s.fail(fmt.Sprintf("the kernel does not send new connections to it: %v", err), nil)
			return
		}
		s.promoted(r)
	})
}

// promoted makes the new generation the current one and lets the old one finish, or keeps it for a way back.
func (s *service) promoted(r *rollout) {
	r.to.promoted = true
	s.current = r.to
	s.shrinkStore(r.to.cfg)
	s.reason, s.refused, s.refusedOf = "", "", ""
	s.tellPromoted(r.to)
	s.emit(Event{Kind: KindPromote, Generation: r.to.number, Message: fmt.Sprintf("generation %d is the current one", r.to.number)})
	r.to.waiters, r.from.waiters = append(r.to.waiters, r.from.waiters...), nil
	s.settled(r.to)
	if r.to.cfg.Rollout.KeepOld > 0 && !r.final {
		s.keepOld(r)
		return
	}
	r.step = "drain"
	s.former = append(s.former, r.from)
	s.emit(Event{Kind: KindDrain, Generation: r.from.number, Message: fmt.Sprintf("generation %d finishes", r.from.number)})
	s.retire(r.from, func() { s.retired(r) })
}

func (s *service) tellPromoted(g *generation) {
	for _, sl := range g.active() {
		if sl.worker != nil {
			s.tellSockets(sl.worker, "promoted")
		}
	}
}
