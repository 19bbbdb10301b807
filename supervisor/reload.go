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
// once. A service whose rollout is rolled back keeps its old configuration, and the next Reload tries it again. A changed one that waits
// for its next attempt has it at once; the error tells if it fails. When ctx ends the reload goes on; only the waiting ends.
func (m *Manager) Reload(ctx context.Context, report func(Event)) (config.Changes, error) {
	return m.Take(ctx, nil, report)
}

// Take is Reload, in which the named listeners, which the file has and which are not open yet, are taken over from other programs.
// Where one is not to be had nothing changes.
func (m *Manager) Take(ctx context.Context, from map[string]config.TakeFrom, report func(Event)) (config.Changes, error) {
	if m.o.Load == nil {
		return config.Changes{}, errors.New("there is no configuration file to reload: supervise was started without one")
	}
	tell := func(e Event) {
		if report != nil && e.Kind != KindReloadFailed { // that is the error
			report(e)
		}
	}
	type result struct {
		changes config.Changes
		err     error
	}
	at := m.journal.position()
	reply := make(chan result, 1)
	go func() {
		changes, err := m.reload(from)
		reply <- result{changes, err}
	}()
	r, answered := await(ctx, m.journal, at, reply, nil, tell)
	if !answered {
		return config.Changes{}, ctx.Err()
	}
	return r.changes, r.err
}

func (m *Manager) reload(take map[string]config.TakeFrom) (config.Changes, error) {
	old, err := m.beginReload()
	if err != nil {
		return config.Changes{}, err
	}
	changes, err := m.change(old, take)
	m.post(func() {
		m.reloading = false
		m.dropOldTexts()
	})
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
func (m *Manager) change(old *config.Config, take map[string]config.TakeFrom) (config.Changes, error) {
	next, err := m.o.Load()
	if err != nil {
		return config.Changes{}, err
	}
	changes := config.Diff(old, next)
	if err := m.preflight(next, changes); err != nil {
		return changes, err
	}
	sockets, err := m.prepare(next, take)
	if err != nil {
		return changes, err
	}
	if err := m.commit(sockets, next); err != nil {
		return changes, err
	}
	if changes.Empty() {
		return changes, nil // what has changed is the system: a raised net.core.somaxconn is in effect now
	}
	err = m.apply(old, next, changes)
	m.adviseNow(sockets.Taken(), next)
	return changes, err
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
		_, err = layoutOf(s, m.host.around(m.host.folder(s)))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// apply moves the services, and waits for them. The error joins what went wrong in each.
func (m *Manager) apply(old, next *config.Config, changes config.Changes) error {
	var replies map[string]chan error
	err := m.ask(context.Background(), func() {
		if !m.stopping {
			replies = m.moveAll(old, next, changes)
		}
	})
	if err != nil {
		return err
	}
	if replies == nil {
		return errStopped
	}
	var problems []error
	var kept []string
	for _, name := range slices.Sorted(maps.Keys(replies)) {
		var err error
		select {
		case err = <-replies[name]:
		case <-m.done:
			return errStopped
		}
		problems = append(problems, err)
		var rolledBack *RolloutError
		if errors.As(err, &rolledBack) {
			kept = append(kept, name)
		}
	}
	if len(kept) > 0 {
		problems = append(problems, m.keep(old, kept))
	}
	return errors.Join(problems...)
}

// moveAll begins what every service needs and gives the channels on which the results come.
func (m *Manager) moveAll(old, next *config.Config, changes config.Changes) map[string]chan error {
	todo := restarts(next, changes)
	m.record(Event{Kind: KindReloadBegin, Message: "changed configuration is being applied", Changes: strings.Split(strings.TrimRight(changes.String(), "\n"), "\n")})
	replies, gone := map[string]chan error{}, map[string]chan error{}
	m.adopt(next)
	m.inform(next, changes)
	for _, c := range changes.Services {
		reply := make(chan error, 1)
		replies[c.Name] = reply
		if c.Kind == "removed" {
			gone[c.Name] = reply
		} else {
			m.move(next.Service(c.Name), next, todo[c.Name], reply)
		}
		delete(todo, c.Name)
	}
	for name := range todo { // unchanged, but a listener of theirs is another socket now
		replies[name] = make(chan error, 1)
		m.move(next.Service(name), next, true, replies[name])
	}
	m.removeLeaves(old, gone)
	m.launchReady()
	for name := range m.failing {
		m.tellDependents(name)
	}
	return replies
}

// keep puts services back into the configuration whose rollout has failed: as they were, with the listeners that they still hold.
func (m *Manager) keep(old *config.Config, names []string) error {
	var mixed *config.Config
	err := m.ask(context.Background(), func() {
		mixed = m.config
		for _, name := range names {
			mixed = withService(mixed, old, name)
		}
		m.adopt(mixed)
	})
	if err != nil {
		return err
	}
	sockets, err := m.prepare(mixed, nil)
	if err != nil {
		return err
	}
	return m.commit(sockets, mixed)
}

// inform gives the services that have not changed the new configuration around them.
func (m *Manager) inform(next *config.Config, changes config.Changes) {
	for name, s := range m.services {
		changed := slices.ContainsFunc(changes.Services, func(c config.Change) bool { return c.Name == name })
		if cfg := next.Service(name); cfg != nil && !changed {
			s.post(func() { s.inform(cfg, next) })
		}
	}
}

// inform gives a service the same configuration in another text.
func (s *service) inform(cfg *config.Service, all *config.Config) {
	s.cfg, s.all = cfg, all
	if s.current != nil && s.rollout == nil {
		s.current.cfg, s.current.all = cfg, all
	}
}

// move begins what one new or changed service needs.
func (m *Manager) move(cfg *config.Service, next *config.Config, restart bool, reply chan error) {
	s := m.services[cfg.Name]
	op := &operation{kind: opAdjust, cfg: cfg, all: next, replies: []chan error{reply}}
	switch {
	case s == nil:
		m.add(cfg)
		m.joining[cfg.Name] = reply
		return
	case restart:
		op.kind, op.running = opRestart, true
	}
	s.post(func() { s.accept(op) })
}

// removeLeaves stops the services that the file has no longer, dependents first; the others follow as those are gone.
func (m *Manager) removeLeaves(old *config.Config, gone map[string]chan error) {
	for name, reply := range gone {
		s := m.services[name]
		if s != nil && m.neededStill(old, name) {
			continue
		}
		delete(gone, name)
		delete(m.waiting, name)
		delete(m.failing, name)
		delete(m.launched, name)
		if s == nil {
			reply <- nil
			continue
		}
		m.stopThen(s, func() {
			m.forget(name, s)
			reply <- nil
			m.removeLeaves(old, gone)
		})
	}
}

// neededStill is whether a service that depends on name is being removed too and not gone yet.
func (m *Manager) neededStill(old *config.Config, name string) bool {
	return slices.ContainsFunc(old.Services, func(cfg *config.Service) bool {
		return m.services[cfg.Name] != nil && m.config.Service(cfg.Name) == nil && slices.Contains(cfg.DependsOn, name)
	})
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
	case "preset", "workers", "ready", "stop", "restart", "rollout", "depends_on", "hooks":
		return false
	}
	return true
}

// withService is c with one service as it was in old, and with the listeners of it that c has no longer.
func withService(c, old *config.Config, name string) *config.Config {
	service := old.Service(name)
	if service == nil {
		return c
	}
	mixed := *c
	mixed.Services = slices.Clone(c.Services)
	for i, s := range mixed.Services {
		if s.Name == name {
			mixed.Services[i] = service
		}
	}
	mixed.Listeners = slices.Clone(c.Listeners)
	for _, l := range service.Listeners {
		was := old.Listener(l)
		taken := func(other *config.Listener) bool { return other.Name == l || other.Address == was.Address }
		if was != nil && !slices.ContainsFunc(mixed.Listeners, taken) {
			mixed.Listeners = append(mixed.Listeners, was)
		}
	}
	return &mixed
}
