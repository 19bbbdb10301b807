package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/broker"
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

// Left is what an earlier manager has saved, read.
type Left struct {
	library  *library
	manager  managerState
	config   *config.Config // that was in force
	services []serviceState
	broken   map[string]error // services whose state cannot be read
}

// readLeft reads what an earlier manager has saved; nil when there was none.
func readLeft(texts map[string][]byte, lib *library) (*Left, error) {
	text, there := texts[managerName]
	if !there {
		return nil, nil
	}
	l := &Left{library: lib, broken: map[string]error{}}
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
func (l *Left) stopped() bool {
	return l.manager.Stopping && len(l.services) == 0 && len(l.broken) == 0
}

func (l *Left) read(name string, text []byte) {
	st, err := readService(name, text)
	if err != nil {
		l.broken[name] = err
		return
	}
	l.services = append(l.services, st)
}

// Examine is whether a manager of this version can go on from these texts, of an inventory of the keeper; nil when no manager has been
// there. It touches nothing.
func Examine(texts map[string][]byte, environ []string) (*Left, error) {
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
	if stored, saved := texts[broker.StateName]; saved {
		problems = append(problems, broker.CheckState(stored))
	}
	return l, errors.Join(problems...)
}

// Config is the configuration that was in force; nil of nil.
func (l *Left) Config() *config.Config {
	if l == nil {
		return nil
	}
	return l.config
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
