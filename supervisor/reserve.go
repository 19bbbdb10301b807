package supervisor

import (
	"fmt"
	"time"
)

// reserve is the generation that a service can go back to at once: the one before, or the newer one after a rollback. Its workers go on
// as those of the current generation do, but for new connections. Only the service's loop touches it.
type reserve struct {
	gen      *generation
	settings settings      // the service's when gen is the current one
	keep     time.Duration // from the last exchange
	until    time.Time     // zero while it is being retired
	timer    *time.Timer
	replies  []chan error // told when it is gone
	extra    extra
}

// keepOld ends a rollout at the promotion: the old generation stays, for a way back.
func (s *service) keepOld(r *rollout) {
	s.reserve = &reserve{gen: r.from, settings: r.before, keep: r.to.cfg.Rollout.KeepOld}
	s.keepOn("rollback")
	s.finish(r, nil)
	s.next()
}

// keepOn keeps the reserve from now on for all its time. The verb is the one that returns to it.
func (s *service) keepOn(verb string) {
	v := s.reserve
	v.until = time.Now().Add(v.keep)
	s.awaitExpiry(0)
	s.emit(Event{Kind: KindKeep, Generation: v.gen.number, Message: fmt.Sprintf("generation %d is kept for %s (supervise %s returns to it)", v.gen.number, v.keep, verb)})
}

// awaitExpiry retires the reserve when its time is up, in no less than the given time.
func (s *service) awaitExpiry(least time.Duration) {
	v := s.reserve
	s.after(&v.timer, max(time.Until(v.until), least), s.dismiss)
}

// isReserve is whether g only waits for its turn.
func (s *service) isReserve(g *generation) bool { return s.reserve != nil && s.reserve.gen == g }

// blame is why the service is degraded. It is not by a generation that only waits for its turn.
func (s *service) blame(g *generation, reason string) {
	if !s.isReserve(g) {
		s.reason = reason
	}
}

// dismiss retires the reserve, if there is one that is not being retired.
func (s *service) dismiss() {
	v := s.reserve
	if v == nil || v.gen.stopping {
		return
	}
	stop(&v.timer)
	v.until = time.Time{}
	s.emit(Event{Kind: KindDrain, Generation: v.gen.number, Message: fmt.Sprintf("generation %d finishes", v.gen.number)})
	s.retire(v.gen, func() { s.dismissed(v) })
}

// dismissed closes the book on a reserve that is gone.
func (s *service) dismissed(v *reserve) {
	s.reserve = nil
	s.emit(Event{Kind: KindRetire, Generation: v.gen.number, Message: fmt.Sprintf("generation %d is gone", v.gen.number)})
	s.answer(v.replies, nil)
}

// exchange makes the reserve the current generation, and the current one the reserve. The kernel follows when that is saved, and then
// done is called; where it does not, all is as it was.
func (s *service) exchange(refused string, reply chan error, done func()) {
	to, was, wasOf := s.reserve.gen, s.refused, s.refusedOf
	s.swap()
	s.refused, s.refusedOf = refused, s.library.name(s.reserve.settings.cfg.Source)
	s.later(func() {
		err := s.sockets.Promote(s.user(to))
		s.changed = true
		if err == nil {
			done()
			s.answer([]chan error{reply}, nil)
			return
		}
		if s.current == to && s.reserve != nil && !s.reserve.gen.stopping {
			s.swap()
			s.refused, s.refusedOf = was, wasOf
			_ = s.sockets.Promote(s.user(s.current)) // or else the registry goes on trying
		}
		s.answer([]chan error{reply}, fmt.Errorf("cannot send new connections of service %q to generation %d: %w", s.name, to.number, err))
	})
}

// swap is exchange for the service itself.
func (s *service) swap() {
	v := s.reserve
	s.current, v.gen = v.gen, s.current
	s.settings, v.settings = v.settings, s.settings
	s.current.waiters, v.gen.waiters = append(s.current.waiters, v.gen.waiters...), nil
	s.reason = ""
	s.shrinkStore(s.cfg)
	s.settled(s.current)
}

// exchanged tells of an exchange, and keeps the generation that was left.
func (s *service) exchanged(e Event, back string) {
	s.tellPromoted(s.current)
	s.emit(e)
	if s.reserve != nil && !s.reserve.gen.stopping {
		s.keepOn(back)
	}
}
