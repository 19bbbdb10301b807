package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// managerName is what the manager's own state is kept under.
const managerName = "state/manager"

// managerState is what is saved of the manager itself.
type managerState struct {
	Version   int          `json:"version"`
	StartedAt time.Time    `json:"started_at"`
	Stopping  bool         `json:"stopping,omitempty"`
	Base      string       `json:"base"` // name of the configuration's text
	Listeners []blockState `json:"listeners,omitempty"`
	Services  []blockState `json:"services,omitempty"`
	Extra     extra        `json:"-"`
}

// blockState is a block that comes from another text than the rest: a service whose rollout has failed keeps its old one.
type blockState struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// managerSaved is what the loop knows of the saved state.
type managerSaved struct {
	text    string
	failing bool
	extra   extra
}

// adopt makes a configuration the one in force. It is saved before any service hears of it: a manager that comes after this
// one goes on moving the services to it.
func (m *Manager) adopt(c *config.Config) {
	m.config = c
	m.save()
}

// save keeps what the manager itself decides.
func (m *Manager) save() {
	text, err := json.Marshal(m.state())
	err = errors.Join(err, m.library.missing())
	if err == nil && string(text) == m.saved.text {
		return
	}
	if err == nil {
		err = m.o.Keeper.Save(managerName, text)
	}
	if err == nil {
		m.saved.text, m.saved.failing = string(text), false
		return
	}
	if !m.saved.failing {
		m.saved.failing = true
		m.record(Event{Kind: KindNotSaved, Error: err.Error(), Message: "state not saved; it is tried again every second"})
	}
	time.AfterFunc(savePause, func() { m.post(m.save) })
}

func (m *Manager) state() managerState {
	st := managerState{Version: stateVersion, StartedAt: m.startedAt, Stopping: m.stopping, Base: m.library.name(m.config.Source), Extra: m.saved.extra}
	for _, l := range m.config.Listeners {
		st.Listeners = append(st.Listeners, blockState{l.Name, m.library.name(l.Source)})
	}
	for _, s := range m.config.Services {
		st.Services = append(st.Services, blockState{s.Name, m.library.name(s.Source)})
	}
	return st
}

// left is what an earlier manager has saved, read.
type left struct {
	manager  managerState
	config   *config.Config // that was in force
	services []serviceState
	broken   map[string]error // services whose state cannot be read
}

// readLeft reads what an earlier manager has saved; nil when there was none.
func readLeft(texts map[string][]byte, lib *library) (*left, error) {
	text, there := texts[managerName]
	if !there {
		return nil, nil
	}
	l := &left{broken: map[string]error{}}
	if err := json.Unmarshal(text, &l.manager); err != nil {
		return nil, fmt.Errorf("cannot read the state of the manager: %w", err)
	}
	if v := l.manager.Version; v < 1 || v > stateVersion {
		return nil, fmt.Errorf("cannot read the state of the manager: it has version %d, and this supervise knows up to %d", v, stateVersion)
	}
	lib.load(texts)
	var err error
	if l.config, err = l.manager.config(lib); err != nil {
		return nil, fmt.Errorf("cannot go on from the manager before: %w", err)
	}
	for key, text := range texts {
		if name, ok := strings.CutPrefix(key, stateName("")); ok {
			l.read(name, text)
		}
	}
	slices.SortFunc(l.services, func(a, b serviceState) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// stopped is whether everything had been stopped already: there is nothing to open for.
func (l *left) stopped() bool {
	return l.manager.Stopping && len(l.services) == 0 && len(l.broken) == 0
}

func (l *left) read(name string, text []byte) {
	st, err := readService(name, text)
	if err != nil {
		l.broken[name] = err
		return
	}
	l.services = append(l.services, st)
}

// Examine is whether a manager of this version can go on from these texts, of an inventory of the keeper, and gives the
// configuration that was in force; nil when no manager has been there. It touches nothing.
func Examine(texts map[string][]byte, environ []string) (*config.Config, error) {
	lib := newLibrary(nil, environ)
	l, err := readLeft(texts, lib)
	if err != nil || l == nil {
		return nil, err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(l.broken)) {
		problems = append(problems, l.broken[name])
	}
	for _, st := range l.services {
		_, err := restored(st, nil, nil, lib, nil)
		problems = append(problems, err)
	}
	if listeners, saved := texts[registry.StateName]; saved { // else there has never been one
		problems = append(problems, registry.CheckState(listeners))
	}
	return l.config, errors.Join(problems...)
}

// config puts the configuration together that was in force.
func (st managerState) config(l *library) (*config.Config, error) {
	base, err := l.config(st.Base)
	if err != nil {
		return nil, err
	}
	c := *base
	c.Listeners, c.Services = nil, nil
	for _, b := range st.Listeners {
		from, err := l.config(b.Source)
		if err != nil {
			return nil, err
		}
		block := from.Listener(b.Name)
		if block == nil {
			return nil, fmt.Errorf("the configuration %q has no listener %q", b.Source, b.Name)
		}
		c.Listeners = append(c.Listeners, block)
	}
	for _, b := range st.Services {
		block, _, err := l.service(b.Source, b.Name)
		if err != nil {
			return nil, err
		}
		c.Services = append(c.Services, block)
	}
	return &c, nil
}

// readLeft is what to go on from; nil at the first start. Where that cannot be read, the configuration that was given and the
// names of the workers have to do.
func (m *Manager) readLeft() *left {
	if m.o.Before == nil {
		return nil
	}
	l, err := readLeft(m.o.Before.Texts, m.library)
	if err == nil {
		return l
	}
	m.o.Log.Error("state of the manager before is lost; going on with what is seen", "error", err)
	l = &left{config: m.config, broken: map[string]error{}}
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
func (m *Manager) restore(l *left) {
	m.config, m.startedAt, m.saved.extra = l.config, l.manager.StartedAt, l.manager.Extra
	m.stopping = l.manager.Stopping
	m.host.tidy(m.o.Before.Workers)
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

func (m *Manager) takeBack(s *service) {
	s.log, s.logFile = m.logOf(s.name)
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
	case s.refused != "" && s.refusedOf == m.library.name(cfg.Source):
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
	for _, op := range s.queue {
		if op.cfg != nil {
			out = append(out, op.cfg.Source)
		}
	}
	return out
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
