package supervisor

import (
	"fmt"
	"time"
)

// byHand is the reason of a rollback that somebody has asked for.
const byHand = "rolled back by hand"

// wanted is whether e tells of a rollback that somebody has asked for.
func (e Event) wanted() bool { return e.Kind == KindRollback && e.Error == byHand }

// rollBack gives the rollout up that is going on, or returns to the generation that is kept. It does not wait for its turn.
func (s *service) rollBack(reply chan error) {
	r, v := s.rollout, s.reserve
	switch {
	case s.halting || s.current == nil:
		s.cannot("roll back", reply, "it is stopped")
	case r != nil && r.failed == nil && !r.to.promoted:
		s.fail(byHand, nil)
		s.answer([]chan error{reply}, nil)
	case r != nil && r.failed != nil:
		s.answer([]chan error{reply}, nil)
	case r != nil:
		s.cannot("roll back", reply, fmt.Sprintf("generation %d is being stopped already (rollout.keep_old keeps it for a time)", r.from.number))
	case v == nil:
		s.cannot("roll back", reply, "no earlier generation is kept (rollout.keep_old keeps it for a time)")
	case v.gen.number > s.current.number:
		s.cannot("roll back", reply, fmt.Sprintf("generation %d is the current one again already (supervise promote returns to generation %d)", s.current.number, v.gen.number))
	case s.usable("roll back", reply):
		s.returnToOlder(reply)
	}
}

// returnToOlder exchanges the newer generation for the one before.
func (s *service) returnToOlder(reply chan error) {
	newer, older := s.current.number, s.reserve.gen.number
	err := &RolloutError{Service: s.name, Generation: newer, Reason: byHand, Kept: older}
	e := Event{Kind: KindRollback, Generation: newer, Error: byHand, Message: fmt.Sprintf("generation %d is the current one again, not generation %d", older, newer)}
	s.exchange(err.Error(), reply, func() { s.exchanged(e, "promote") })
}

// promoteNow ends the canary that is going on with a promotion, or returns to the newer generation after a rollback. With retire the
// older one is not kept. It does not wait for its turn. A newest generation that is the current one already is promoted.
func (s *service) promoteNow(retire bool, reply chan error) {
	r, v := s.rollout, s.reserve
	switch {
	case s.halting || s.current == nil:
		s.cannot("promote", reply, "it is stopped")
	case r != nil && r.failed == nil && (r.to.promoted || r.step == stepCanary || r.step == stepPromote):
		s.endTrial(r, retire, reply)
	case r != nil && r.failed == nil:
		s.cannot("promote", reply, fmt.Sprintf("generation %d is not ready yet (step %s)", r.to.number, r.step))
	case r != nil:
		s.cannot("promote", reply, fmt.Sprintf("generation %d is being given up: %s", r.to.number, r.failed.Reason))
	case v != nil && v.gen.number > s.current.number:
		if s.usable("promote", reply) {
			s.returnToNewer(retire, reply)
		}
	case s.refused != "":
		s.cannot("promote", reply, "no newer generation is kept; the last one: "+s.refused)
	case v != nil && retire:
		v.replies = append(v.replies, reply)
		s.dismiss()
	default:
		s.answer([]chan error{reply}, nil)
	}
}

// endTrial has a canary end now. The answer is that of the rollout.
func (s *service) endTrial(r *rollout, retire bool, reply chan error) {
	r.replies = append(r.replies, reply)
	r.final = r.final || retire
	if r.step == stepCanary {
		stop(&r.timer)
		r.until = time.Now()
		s.advance()
	}
}

// returnToNewer exchanges the older generation for the newer one again.
func (s *service) returnToNewer(retire bool, reply chan error) {
	to := s.reserve.gen.number
	e := Event{Kind: KindPromote, Generation: to, Message: fmt.Sprintf("generation %d is the current one again", to)}
	s.exchange("", reply, func() {
		s.exchanged(e, "rollback")
		if retire {
			s.dismiss()
		}
	})
}

// usable is whether the reserve can be returned to; if not, the answer is why.
func (s *service) usable(verb string, reply chan error) bool {
	g := s.reserve.gen
	switch {
	case g.stopping:
		s.cannot(verb, reply, fmt.Sprintf("generation %d is being stopped already", g.number))
	case len(g.active()) > 0 && g.count(isServing) == 0:
		s.cannot(verb, reply, fmt.Sprintf("no worker of generation %d is ready (supervise status says why)", g.number))
	default:
		return true
	}
	return false
}

func (s *service) cannot(verb string, reply chan error, why string) {
	s.answer([]chan error{reply}, fmt.Errorf("cannot %s service %q: %s", verb, s.name, why))
}
