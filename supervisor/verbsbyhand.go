package supervisor

import (
	"context"

	"github.com/seed-da40d5ac/supervise/config"
)

// RestartCanary is Restart with a canary in place of the configured one. With c.For zero it returns when the canary has begun: Promote and
// Rollback end it. All listeners of the service must have a socket for each generation.
func (m *Manager) RestartCanary(ctx context.Context, name string, c config.Canary, report func(Event)) error {
	return m.operate(ctx, name, report, func(s *service, reply chan error) {
		s.accept(&operation{kind: opRestart, canary: &c, replies: []chan error{reply}})
	})
}

// Promote ends the canary that is going on and waits as Restart does, or returns to the newer generation that a rollback has kept: when it
// returns, no new connection goes to the other one. With retire the other one is not kept. It is no error if the newest generation is
// the current one already.
func (m *Manager) Promote(ctx context.Context, name string, retire bool, report func(Event)) error {
	err := m.operate(ctx, name, report, func(s *service, reply chan error) { s.promoteNow(retire, reply) })
	if err != nil {
		return err
	}
	return m.putInForce(ctx, name)
}

// Rollback gives up the rollout that is going on, or returns to the generation that is kept: when it returns, no new connection goes to
// the newer one.
func (m *Manager) Rollback(ctx context.Context, name string, report func(Event)) error {
	err := m.operate(ctx, name, report, func(s *service, reply chan error) { s.rollBack(reply) })
	if err != nil {
		return err
	}
	return m.putInForce(ctx, name)
}

// putInForce makes the configuration of a service's current generation the one in force, in place of that of the generation that was
// left: what the next reload differs from is what runs. Where a reload has something else in mind by now, that stays.
func (m *Manager) putInForce(ctx context.Context, name string) error {
	s, err := m.find(ctx, name)
	if err != nil {
		return err
	}
	type choice struct{ now, left settings }
	answer := make(chan choice, 1)
	s.post(func() {
		c := choice{now: s.settings, left: s.settings}
		if s.reserve != nil {
			c.left = s.reserve.settings
		}
		answer <- c
	})
	var c choice
	select {
	case c = <-answer:
	case <-s.done:
		return nil
	}
	now, left := m.library.name(c.now.cfg.Source), m.library.name(c.left.cfg.Source)
	follow := false
	err = m.ask(ctx, func() {
		cfg := m.config.Service(name)
		follow = now != left && cfg != nil && m.library.name(cfg.Source) == left
	})
	if err != nil || !follow {
		return err
	}
	return m.keep(c.now.all, []string{name})
}
