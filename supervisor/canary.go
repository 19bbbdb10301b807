package supervisor

import (
	"fmt"
	"strconv"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
)

// stepCanary is the step of a rollout in which the new generation gets a share of the new connections.
const stepCanary = "canary"

// trial is the part of a rollout in which the new generation serves beside the old one.
type trial struct {
	canary config.Canary // what is asked for; a share of 0 is none
	share  float64       // what the new generation gets of the new connections
	until  time.Time     // when it ends; zero: when somebody says so
	timer  *time.Timer   // of that
	final  bool          // the old generation is not kept after the promotion
}

// isOver is whether a canary that went well has come to its end.
func (t *trial) isOver() bool { return !t.until.IsZero() && t.timer == nil }

// beginCanary sends a share of the new connections to a generation that has proved itself. Whatever fails a rollout fails it from now
// on as well.
func (s *service) beginCanary(r *rollout) {
	r.step, r.share = stepCanary, r.canary.Share
	if r.canary.For > 0 {
		r.until = time.Now().Add(r.canary.For)
		s.awaitCanary(r, 0)
	}
	s.later(func() {
		if s.sendShare(r) {
			s.canaryBegun(r)
		}
	})
}

// sendShare has the kernel send the new generation its share. Where it does not the rollout fails.
func (s *service) sendShare(r *rollout) bool {
	if s.rollout != r || r.failed != nil || r.step != stepCanary {
		return false
	}
	if err := s.sockets.Canary(s.user(r.to), r.share); err != nil {
		s.changed = true
		s.fail(fmt.Sprintf("the kernel does not send it %s of the new connections: %v", percent(r.share), err), nil)
		return false
	}
	return true
}

// canaryBegun tells of it. Who has asked for a canary without an end does not wait for one, and what has waited may have its turn.
func (s *service) canaryBegun(r *rollout) {
	message := fmt.Sprintf("generation %d gets %s of the new connections for %s", r.to.number, percent(r.share), r.canary.For)
	if r.canary.For == 0 {
		message = fmt.Sprintf("generation %d gets %s of the new connections until supervise promote or supervise rollback", r.to.number, percent(r.share))
	}
	s.emit(Event{Kind: KindCanary, Generation: r.to.number, Message: message})
	if r.canary.For == 0 {
		s.answer(r.replies, nil) // after the event, which those who are answered hear of
		r.replies = nil
	}
	s.next()
}

// awaitCanary promotes the new generation at the end of its canary, in no less than the given time.
func (s *service) awaitCanary(r *rollout, least time.Duration) {
	s.after(&r.timer, max(time.Until(r.until), least), s.advance)
}

// endCanary gives the old generation all new connections back, before anything else is done about one that has failed.
func (s *service) endCanary(r *rollout) {
	stop(&r.timer)
	if r.share == 0 {
		return
	}
	r.share = 0
	s.later(func() { s.turned(r.from, s.sockets.Canary(s.user(r.to), 0)) })
}

// resumeSteering tells the kernel once more what the service's rollout has decided of new connections.
func (s *service) resumeSteering() {
	r := s.rollout
	switch {
	case r != nil && r.failed == nil && !r.to.promoted && r.step == stepPromote:
		s.promote(r)
	case r != nil && r.failed == nil && r.step == stepCanary:
		if !r.until.IsZero() {
			s.awaitCanary(r, grace)
		}
		s.later(func() { s.sendShare(r) })
	case s.current != nil && s.rests(s.current):
		s.turnFrom(s.current)
	case s.current != nil && !s.current.parked:
		s.turnTo(s.current)
	}
}

// percent gives a share as people write it.
func percent(share float64) string { return strconv.FormatFloat(share*100, 'g', 4, 64) + "%" }

// canaryRefused is why a restart of the service cannot begin with a canary; nil when it can.
func (s *service) canaryRefused() error {
	cause := s.all.Unsteered(s.cfg)
	advice := `write sharing = "generation" in it`
	switch {
	case s.cfg.Rollout.Strategy != "overlap":
		cause, advice = fmt.Sprintf("rollout.strategy %q stops the old workers first", s.cfg.Rollout.Strategy), `write strategy = "overlap"`
	case cause == "":
		return nil
	case len(s.cfg.Listeners) == 0:
		advice = "there are no connections to share"
	}
	return fmt.Errorf("cannot restart service %q with a canary: %s (%s)", s.name, cause, advice)
}
