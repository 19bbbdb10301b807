package supervisor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// readLeft is what to go on from; nil at the first start. Where that cannot be read, the configuration that was given and the
// names of the workers have to do.
func (m *Manager) readLeft() *Left {
	if m.o.Before == nil {
		return nil
	}
	if m.o.Left != nil {
		m.library = m.o.Left.library
		m.library.vault = m.o.Keeper
		return m.o.Left
	}
	l, err := readLeft(m.o.Before.Texts, m.library)
	if err == nil {
		return l
	}
	m.o.Log.Error("state of the manager before is lost; going on with what is seen", "error", err)
	l = &Left{config: m.config, broken: map[string]error{}}
	l.manager.StartedAt = m.startedAt
	for _, s := range m.config.Services {
		l.broken[s.Name] = err
	}
	return l
}

// listenersBefore is what the registry goes on from. Where that cannot be read, the sockets themselves are like those that a
// service manager gives: a listener recognises its own by the address.
func (m *Manager) listenersBefore() *registry.Before {
	if m.o.Before == nil {
		return nil
	}
	state, saved := m.o.Before.Texts[registry.StateName]
	if !saved {
		return nil
	}
	err := registry.CheckState(state)
	if err == nil {
		return &registry.Before{State: state, Take: m.o.Before.Take}
	}
	m.o.Log.Error("state of the listeners is lost; going on with the sockets that there are", "error", err)
	m.giveBack()
	return nil
}

// givenPrefix begins the names of descriptors that no listener has taken over yet.
const givenPrefix = "given/"

// giveBack makes given sockets of those that the keeper holds as listeners. They are held under other names first: a registry
// that starts anew counts its listeners anew.
func (m *Manager) giveBack() {
	m.o.GivenKeys = append(m.o.GivenKeys, make([]string, len(m.o.Given)-len(m.o.GivenKeys))...)
	for _, named := range slices.Clone(m.o.Before.Descriptors) {
		name, moved := strings.CutPrefix(named.Name, givenPrefix) // by a manager that was ended in the middle of this
		if !strings.HasPrefix(name, "listener/") {
			continue
		}
		key := givenPrefix + name
		if !moved {
			if m.o.Keeper.Hold(key, named.Descriptor) != nil {
				continue
			}
			_ = m.o.Keeper.Drop(name)
		}
		m.o.Given = append(m.o.Given, fdpass.Named{Name: named.Name, Descriptor: m.o.Before.Take(named.Name)})
		m.o.GivenKeys = append(m.o.GivenKeys, key)
	}
}

// restore makes the services that an earlier manager had, with their leases.
func (m *Manager) restore(l *Left) {
	m.config, m.startedAt, m.saved.extra = l.config, l.manager.StartedAt, l.manager.Extra
	m.stopping = l.manager.Stopping
	for _, st := range l.services {
		s, err := restored(st, m.host, m.registry, m.library, m.record)
		if err == nil {
			err = st.outdated(m.o.Before.Workers)
		}
		if err != nil {
			l.broken[st.Name] = err
			continue
		}
		m.takeBack(s)
	}
	for _, name := range slices.Sorted(maps.Keys(l.broken)) {
		m.o.Log.Error("state of a service is lost; going on with what is seen of its workers", "service", name, "error", l.broken[name])
		if cfg := m.config.Service(name); cfg != nil {
			s := rebuilt(cfg, m.config, m.o.Before.Workers, m.host, m.registry, m.library, m.record)
			for _, g := range s.generations() {
				g.before = m.registry.Recall(cfg.Listeners)
			}
			m.takeBack(s)
		}
	}
	m.tidy()
}

// outdated is whether there is a process that was started after the state was saved for the last time.
func (st serviceState) outdated(living []keeper.Process) error {
	for _, p := range living {
		if part := strings.Split(p.Name, "/"); len(part) == 5 && part[1] == st.Name {
			if serial, err := strconv.Atoi(part[4]); err == nil && serial > st.Serial && part[0] != "check" {
				return fmt.Errorf("it is older than process %d (%s)", p.PID, p.Name)
			}
		}
	}
	return nil
}

// tidy clears the runtime folder of what was for workers that are not taken back. One whose end had been taken in already is still
// among the processes: what is at its place is in the way of the next one there.
func (m *Manager) tidy() {
	wanted := map[string]bool{}
	for _, s := range m.resumed {
		for _, w := range s.everyWorker() {
			wanted[w.id] = true
		}
	}
	living := slices.Clone(m.o.Before.Workers)
	m.host.tidy(slices.DeleteFunc(living, func(p keeper.Process) bool { return !wanted[p.Name] }))
}

func (m *Manager) takeBack(s *service) {
	s.log, s.logFile = m.logOf(s.name)
	s.reclaimStored(m.o.Before.Take)
	s.reacquire()
	m.resumed = append(m.resumed, s)
	m.services[s.name] = s
	m.launched[s.name] = s.asked
	if !s.wasUp {
		m.waiting[s.name] = true
	}
}

// resume starts the loops: of the services that an earlier manager had, which go on where they were, and of those that are
// only configured so far.
func (m *Manager) resume() {
	var all sync.WaitGroup
	all.Add(len(m.resumed))
	for _, s := range m.resumed {
		s.post(func() {
			s.resume()
			s.later(all.Done)
		})
		m.settle(s)
		if m.launched[s.name] && !s.wasUp {
			m.watchUp(s)
		}
	}
	removed := m.removedServices()
	for _, s := range m.resumed { // until here their state was nobody's
		m.begin(s)
	}
	m.removeLeaves(removed, m.goneOf(removed))
	for _, cfg := range m.config.Services {
		if m.services[cfg.Name] == nil && !m.stopping {
			m.add(cfg)
		}
	}
	if m.stopping {
		m.stopping = false
		m.shutdown()
	}
	m.launchReady()
	go func() {
		all.Wait()
		m.post(m.tookOver)
	}()
}

// watchUp has the services started that depend on s as soon as it has been ready.
func (m *Manager) watchUp(s *service) {
	go func() {
		select {
		case <-s.up:
			m.post(func() { m.cameUp(s.name, s) })
		case <-s.done:
		}
	}()
}

// tookOver clears away what belongs to nothing any more.
func (m *Manager) tookOver() {
	m.save()
	strays, names := m.host.found.rest()
	for _, p := range strays {
		go m.host.clear(p)
	}
	for _, name := range names {
		_ = m.o.Keeper.Drop(name)
	}
	if m.succeeds {
		m.record(Event{Kind: KindTakenOver, Message: fmt.Sprintf("taken over from the manager before: %s", plural(len(m.resumed), "service"))})
	}
	m.dropOldTexts()
	close(m.inCharge)
}

// dropOldTexts drops the texts of configurations that nothing runs with any more.
func (m *Manager) dropOldTexts() {
	var used []string
	use := func(s *config.Source) { used = append(used, m.library.name(s)) }
	use(m.config.Source)
	for _, l := range m.config.Listeners {
		use(l.Source)
	}
	for _, s := range m.config.Services {
		use(s.Source)
	}
	for _, s := range m.services {
		answer := make(chan []*config.Source, 1)
		s.post(func() { // what is saved must not name a text that is dropped
			s.later(func() {
				if s.failing { // what is saved names others
					answer <- nil
				} else {
					answer <- s.sources()
				}
			})
		})
		select {
		case sources := <-answer:
			if sources == nil {
				return
			}
			for _, source := range sources {
				use(source)
			}
		case <-s.done:
		}
	}
	m.library.retain(used)
}

// sources are those of the configurations that the service may still need.
func (s *service) sources() []*config.Source {
	out := []*config.Source{s.cfg.Source}
	for _, g := range s.generations() {
		out = append(out, g.cfg.Source)
	}
	if s.rollout != nil {
		out = append(out, s.rollout.before.cfg.Source)
	}
	if s.reserve != nil {
		out = append(out, s.reserve.settings.cfg.Source)
	}
	for _, op := range s.queue {
		if op.cfg != nil {
			out = append(out, op.cfg.Source)
		}
	}
	return out
}
