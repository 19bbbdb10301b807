package supervisor

import (
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
)

// launchReady starts every service whose dependencies have been ready, and says when there is none left to wait for.
func (m *Manager) launchReady() {
	for _, cfg := range m.config.Services {
		s := m.services[cfg.Name]
		if s != nil && !m.launched[cfg.Name] && !m.stopping && m.dependenciesMet(cfg) {
			m.launched[cfg.Name] = true
			m.launch(cfg.Name, s)
		}
	}
	if len(m.waiting) == 0 {
		select {
		case <-m.started:
		default:
			close(m.started)
			go debug.FreeOSMemory() // what reading and starting needed; an idle program would keep it
		}
	}
}

func (m *Manager) dependenciesMet(cfg *config.Service) bool {
	return !slices.ContainsFunc(cfg.DependsOn, func(d string) bool { return m.waiting[d] })
}

// launch starts a service. The reply tells only of the first attempt; a start that failed is tried again by the service itself, or by a
// person. Whoever depends on it waits until it has been ready, however that came about.
func (m *Manager) launch(name string, s *service) {
	reply := make(chan error, 1)
	s.post(func() { s.accept(&operation{kind: opStart, replies: []chan error{reply}}) })
	go func() {
		select {
		case err := <-reply:
			m.post(func() { m.attempted(name, s, err) })
		case <-s.done:
			return
		}
		select {
		case <-s.up:
			m.post(func() { m.cameUp(name, s) })
		case <-s.done:
		}
	}()
}

// attempted passes on how the first attempt of a start has ended.
func (m *Manager) attempted(name string, s *service, err error) {
	if m.services[name] != s {
		return
	}
	m.join(name, err)
	if err != nil && m.waiting[name] {
		m.failing[name] = true
		m.tellDependents(name)
	}
}

func (m *Manager) cameUp(name string, s *service) {
	if m.services[name] == s {
		delete(m.waiting, name)
		delete(m.failing, name)
		m.launchReady()
	}
}

// join answers the reload that added a service, if there is one.
func (m *Manager) join(name string, err error) {
	if reply := m.joining[name]; reply != nil {
		delete(m.joining, name)
		reply <- err
	}
}

// tellDependents tells reloads that wait for services that cannot start because name has failed: they need not wait
// until somebody has repaired it.
func (m *Manager) tellDependents(name string) {
	for _, cfg := range m.config.Services {
		if m.joining[cfg.Name] != nil && !m.launched[cfg.Name] && slices.Contains(cfg.DependsOn, name) {
			m.join(cfg.Name, &StartError{Service: cfg.Name, Reason: fmt.Sprintf("service %q, on which it depends, is not ready", name)})
			m.tellDependents(cfg.Name)
		}
	}
}
