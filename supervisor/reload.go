package supervisor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
)

// Reload applies the changed configuration. The file is checked and everything new is opened before anything old is
// touched; if that fails, nothing has changed. Then services that are gone are stopped, new ones started, changed ones rolled out, all at
// once. A service whose rollout is rolled back keeps its old configuration, and the next Reload tries it again. When ctx
// ends the reload goes on; only the waiting ends.
func (m *Manager) Reload(ctx context.Context, report func(Event)) (config.Changes, error) {
	if m.o.Load == nil {
		return config.Changes{}, errors.New("there is no configuration file to reload: supervise was started without one")
	}
	type result struct {
		changes config.Changes
		err     error
	}
	at := m.journal.position()
	done := make(chan result, 1)
	go func() {
		changes, err := m.reload()
		done <- result{changes, err}
	}()
	following, cancel := context.WithCancel(ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		_ = m.journal.follow(following, at, func(e Event) error { report(e); return nil })
	}()
	defer func() { cancel(); <-reported }()
	select {
	case r := <-done:
		return r.changes, r.err
	case <-ctx.Done():
		return config.Changes{}, ctx.Err()
	}
}

func (m *Manager) reload() (config.Changes, error) {
	old, err := m.beginReload()
	if err != nil {
		return config.Changes{}, err
	}
	changes, err := m.change(old)
	m.post(func() { m.reloading = false })
	if err != nil {
		m.record(Event{Kind: KindReloadFailed, Message: "reload failed", Error: err.Error()})
	} else {
		m.record(Event{Kind: KindReload, Message: "configuration reloaded"})
	}
	return changes, err
}

func (m *Manager) beginReload() (old *config.Config, err error) {
	asked := m.ask(context.Background(), func() {
		switch {
		case m.stopping:
			err = errStopped
		case m.reloading:
			err = errors.New("another reload is still going on: wait for it")
		default:
			m.reloading = true
			old = m.config
		}
	})
	return old, errors.Join(asked, err)
}

// change goes from the old configuration to the one in the file.
func (m *Manager) change(old *config.Config) (config.Changes, error) {
	next, err := m.o.Load()
	if err != nil {
		return config.Changes{}, err
	}
	changes := config.Diff(old, next)
	if changes.Empty() {
		return changes, nil
	}
	if err := m.preflight(next, changes); err != nil {
		return changes, err
	}
	sockets, err := m.registry.Prepare(next.Listeners)
	if err != nil {
		return changes, err
	}
	if err := sockets.Commit(); err != nil {
		return changes, err
	}
	return changes, m.apply(old, next, changes)
}

// preflight works out what new and changed services would run, so that a missing user, variable or file is found before
// anything is touched.
func (m *Manager) preflight(next *config.Config, changes config.Changes) error {
	var problems []error
	for _, c := range changes.Services {
		if c.Kind == "removed" {
			continue
		}
		s := spec{service: next.Service(c.Name), all: next, generation: 1}
		_, err := identify(s.service)
		problems = append(problems, err)
		_, err = layoutOf(s, m.host.around(m.host.folder(s, 0)))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// apply moves the services, and waits for them. The error joins what went wrong in each.
func (m *Manager) apply(old, next *config.Config, changes config.Changes) error {
	todo := restarts(next, changes)
	replies := map[string]chan error{}
	err := m.ask(context.Background(), func() {
		m.config = next
		m.inform(next, changes)
		for _, c := range changes.Services {
			replies[c.Name] = m.move(c, next, todo[c.Name])
			delete(todo, c.Name)
		}
		for name := range todo { // unchanged, but a listener of theirs is another socket now
			replies[name] = m.renew(name, next)
		}
		m.launchReady()
	})
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(replies)) {
		err := <-replies[name]
		problems = append(problems, err)
		var rolledBack *RolloutError
		if errors.As(err, &rolledBack) {
			m.post(func() { m.config = withService(m.config, old.Service(name)) })
		}
	}
	return errors.Join(problems...)
}

// inform gives the services that have not changed the new configuration around them.
func (m *Manager) inform(next *config.Config, changes config.Changes) {
	for name, s := range m.services {
		changed := slices.ContainsFunc(changes.Services, func(c config.Change) bool { return c.Name == name })
		if cfg := next.Service(name); cfg != nil && !changed {
			s.post(func() { s.cfg, s.all = cfg, next })
		}
	}
}

// move begins what one changed service needs and gives the channel on which the result comes.
func (m *Manager) move(c config.Change, next *config.Config, restart bool) chan error {
	reply := make(chan error, 1)
	cfg := next.Service(c.Name)
	switch s := m.services[c.Name]; {
	case c.Kind == "removed" && s != nil:
		m.remove(c.Name, s, reply)
	case c.Kind == "removed" || cfg == nil:
		reply <- nil
	case s == nil:
		s = m.add(cfg)
		m.launched[c.Name] = true
		s.post(func() { s.accept(&operation{kind: opStart, replies: []chan error{reply}}) })
		m.launch(c.Name, s)
	case restart:
		s.post(func() { s.accept(&operation{kind: opRestart, running: true, cfg: cfg, all: next, replies: []chan error{reply}}) })
	default:
		s.post(func() { s.accept(&operation{kind: opAdjust, cfg: cfg, all: next, replies: []chan error{reply}}) })
	}
	return reply
}

func (m *Manager) remove(name string, s *service, reply chan error) {
	delete(m.waiting, name)
	delete(m.launched, name)
	m.stopThen(s, func() {
		m.forget(name, s)
		reply <- nil
	})
}

func (m *Manager) renew(name string, next *config.Config) chan error {
	return m.move(config.Change{Name: name, Kind: "changed"}, next, true)
}

// restarts gives the services that need a new generation.
func restarts(next *config.Config, changes config.Changes) map[string]bool {
	fresh := moved(changes)
	out := map[string]bool{}
	for _, c := range changes.Services {
		if c.Kind == "changed" && slices.ContainsFunc(c.Attributes, needsGeneration) {
			out[c.Name] = true
		}
	}
	for _, s := range next.Services {
		if slices.ContainsFunc(s.Listeners, func(l string) bool { return slices.Contains(fresh, l) }) {
			out[s.Name] = true
		}
	}
	return out
}

// moved gives the listeners that are another socket now, under the same name.
func moved(changes config.Changes) []string {
	var names []string
	for _, c := range changes.Listeners {
		if slices.ContainsFunc(c.Attributes, func(a config.AttributeChange) bool { return a.Name == "address" }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// needsGeneration is whether a changed attribute of a service reaches its workers only by starting new ones.
func needsGeneration(a config.AttributeChange) bool {
	block, _, _ := strings.Cut(a.Name, ".")
	switch block {
	case "workers", "ready", "stop", "restart", "rollout", "depends_on", "hooks":
		return false
	}
	return true
}

// withService is c with one service as it was before.
func withService(c *config.Config, old *config.Service) *config.Config {
	if old == nil {
		return c
	}
	mixed := *c
	mixed.Services = slices.Clone(c.Services)
	for i, s := range mixed.Services {
		if s.Name == old.Name {
			mixed.Services[i] = old
		}
	}
	return &mixed
}
