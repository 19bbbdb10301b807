package supervisor

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// settle carries a reload to its end for one service, before that goes on: it is moved to what the configuration in force says
// of it. One whose rollout has been rolled back keeps what it had.
func (m *Manager) settle(s *service) {
	cfg, all := m.config.Service(s.name), m.config
	if cfg == nil {
		return // a reload has removed it: see resume
	}
	wanted := s.wanted()
	m.watchMoves(s)
	changes := config.Diff(&config.Config{Services: []*config.Service{wanted.cfg}}, &config.Config{Services: []*config.Service{cfg}})
	moved := m.moved(s, cfg)
	switch {
	case m.stopping:
	case changes.Empty() && !moved:
		s.post(func() { s.inform(cfg, all) })
	case s.refusedOf == m.library.name(cfg.Source):
		m.config = withService(m.config, wanted.all, s.name)
	default:
		reply := make(chan error, 1)
		m.watchMove(s, wanted, reply)
		m.move(cfg, all, moved || restarts(all, changes)[s.name], reply)
	}
}

// removedServices are those that a reload had removed from the configuration, as they are.
func (m *Manager) removedServices() *config.Config {
	removed := &config.Config{}
	for _, s := range m.resumed {
		if m.config.Service(s.name) == nil {
			removed.Services = append(removed.Services, s.cfg)
		}
	}
	return removed
}

// goneOf is for nobody to wait for.
func (m *Manager) goneOf(removed *config.Config) map[string]chan error {
	gone := map[string]chan error{}
	for _, cfg := range removed.Services {
		gone[cfg.Name] = make(chan error, 1)
	}
	return gone
}

// moved is whether a service that runs has other sockets than those of the configuration, and nothing under way that
// changes that.
func (m *Manager) moved(s *service, cfg *config.Service) bool {
	g := s.current
	if r := s.rollout; r != nil && r.failed == nil {
		g = r.to
	}
	waits := slices.ContainsFunc(s.queue, func(op *operation) bool { return op.kind == opRestart })
	if g == nil || g.stopping || waits || len(g.leases) == 0 {
		return false
	}
	has := make([]registry.LeaseState, len(g.leases))
	for i, l := range g.leases {
		has[i] = l.State()
	}
	return !slices.Equal(has, m.registry.Recall(cfg.Listeners))
}

// watchMoves sees to what a reload would have seen to that began what the service is about to do.
func (m *Manager) watchMoves(s *service) {
	if r := s.rollout; r != nil && r.failed == nil {
		reply := make(chan error, 1)
		r.replies = append(r.replies, reply)
		m.watchMove(s, r.before, reply)
	}
	for _, op := range s.queue {
		if op.cfg != nil {
			reply := make(chan error, 1)
			op.replies = append(op.replies, reply)
			m.watchMove(s, s.settings, reply)
		}
	}
}

// watchMove puts a service back into the configuration that it had before if its rollout fails, unless a later reload has something
// else in mind by then.
func (m *Manager) watchMove(s *service, before settings, reply <-chan error) {
	meant := m.config.Service(s.name)
	go func() {
		var err error
		select {
		case err = <-reply:
		case <-s.done:
			return
		}
		var rolledBack *RolloutError
		if !errors.As(err, &rolledBack) {
			return
		}
		current := true
		if m.ask(context.Background(), func() { current = m.config.Service(s.name) == meant }) != nil || !current {
			return
		}
		if err := m.keep(before.all, []string{s.name}); err != nil {
			m.o.Log.Error("configuration not put back to what runs", "service", s.name, "error", err)
		}
	}()
}

// wanted is what the service will be when all that waits for its turn is done.
func (s *service) wanted() settings {
	last := s.settings
	for _, op := range s.queue {
		if op.cfg != nil {
			last.cfg, last.all = op.cfg, op.all
		}
	}
	return last
}
