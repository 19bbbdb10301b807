package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/broker"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// Options are the surroundings of a Manager.
type Options struct {
	Config *config.Config
	// Load reads the configuration again, for Reload. Nil: there is no file.
	Load func() (*config.Config, error)
	// Keeper starts the workers and keeps what must outlive this process. It stays the caller's to close, after Run has returned.
	Keeper keeper.Keeper
	// KeeperPID is the process that the user knows; 0 stands for this one.
	KeeperPID int
	// Before is what an earlier manager has left with the keeper: the new one goes on from there. Nil at the first start. The
	// manager owns it from New on, also when New fails.
	Before *keeper.Inventory
	// Left is what Examine has read of Before, in the same Environ; nil: New reads it, and does without what cannot be read.
	Left *Left
	// Given are descriptors that supervise was started with. The manager owns them from New on, also when New fails.
	Given []fdpass.Named
	// GivenKeys are the names under which the keeper holds Given, index by index.
	GivenKeys []string
	// Opened and Closed are told of listeners, for a mirror of them that gives them back at the next start: FDSTORE of systemd. Both
	// or none are nil.
	Opened func(name string, d *fdpass.Descriptor)
	Closed func(name string)
	Log    hclog.Logger
	// RuntimeDir is a folder that exists and that only we can write to: notify sockets and workers' folders are made in it.
	RuntimeDir string
	// RemakeRuntimeDir makes it again when something has removed it. May be nil.
	RemakeRuntimeDir func() error
	// Output prints workers' lines; nil: they are only kept for Logs.
	Output  *output.Printer
	Version string
	// Environ is supervise's own environment.
	Environ []string
}

// Manager decides: which services run, in which generation, with which sockets. It is safe for concurrent use.
type Manager struct {
	// fixed after New
	o         Options
	host      *host
	registry  *registry.Registry
	broker    *broker.Broker
	library   *library
	journal   *journal
	startedAt time.Time
	succeeds  bool          // it goes on from an earlier manager
	resumed   []*service    // taken over from that
	notes     chan func()   // anyone may post
	started   chan struct{} // closed when every service has been ready once
	inCharge  chan struct{} // closed when all is taken over
	done      chan struct{} // closed when the loop has ended
	advices   sync.Map      // func() by the name of a listener that was taken over: says once what is left to do

	// owned by the loop
	config    *config.Config
	saved     managerSaved
	services  map[string]*service
	launched  map[string]bool       // services whose start has been asked for
	waiting   map[string]bool       // services that have not been ready yet
	failing   map[string]bool       // waiting ones that have failed at least once
	joining   map[string]chan error // reloads that wait for the start of a service they added
	ending    map[string]bool       // services that shutdown has asked to stop
	reloading bool
	stopping  bool
	loops     sync.WaitGroup // of services
}

// New opens the listeners of the configuration, or takes those of an earlier manager back, and starts nothing yet. When it
// fails nothing is left open that was not before; the error then holds a *fdpass.OpenError for every listener that could not be opened.
func New(o Options) (*Manager, error) {
	if o.KeeperPID == 0 {
		o.KeeperPID = os.Getpid()
	}
	m := &Manager{
		o: o, host: newHost(o), library: newLibrary(o.Keeper, o.Environ), journal: newJournal(), startedAt: time.Now(),
		notes: make(chan func(), 16), started: make(chan struct{}), inCharge: make(chan struct{}), done: make(chan struct{}),
		config: o.Config, services: map[string]*service{}, launched: map[string]bool{}, waiting: map[string]bool{}, ending: map[string]bool{},
		failing: map[string]bool{}, joining: map[string]chan error{},
	}
	m.host.groups = openGroups(o) // first: what is left of an earlier supervise may have the addresses
	if err := m.open(); err != nil {
		if o.Before == nil {
			m.host.groups.close()
		}
		m.host.found.rest()
		return nil, err
	}
	return m, nil
}

// open makes the registry, with the listeners of an earlier manager and then those of the configuration.
func (m *Manager) open() error {
	left := m.readLeft()
	before := m.listenersBefore()
	var err error
	m.registry, err = registry.New(registry.Options{
		Log: m.o.Log, Given: m.o.Given, GivenKeys: m.o.GivenKeys, Replaced: m.socketReplaced, Vault: m.o.Keeper, Before: before,
		Opened: m.o.Opened, Closed: m.o.Closed,
	})
	if err != nil {
		return err
	}
	m.broker = broker.New(broker.Options{Log: m.o.Log, Vault: m.o.Keeper, Sockets: m.registry, Before: m.storedBefore()})
	if left != nil {
		m.succeeds = true
		m.restore(left)
	}
	if left == nil || !left.stopped() {
		err = m.openListeners()
	}
	if err != nil && left != nil {
		m.broker.Abandon()
		m.registry.Abandon() // they stay with the keeper, for the next attempt
		return err
	}
	if err != nil {
		return errors.Join(err, m.broker.Close(), m.registry.Close())
	}
	return nil
}

func (m *Manager) openListeners() error {
	change, err := m.prepare(m.config, nil)
	if err == nil {
		err = m.commit(change, m.config)
	}
	if err != nil {
		return err
	}
	if m.o.Closed != nil {
		m.closeUnused()
		return nil
	}
	for _, name := range m.registry.Unused() {
		m.o.Log.Warn("given descriptor is used by no listener; it stays open", "name", name)
	}
	return nil
}

// closeUnused closes what the mirror has given back and the configuration does not name any more. A second descriptor of a
// listener that is configured is nothing to speak of: a service manager may have it from two sides.
func (m *Manager) closeUnused() {
	for _, name := range m.registry.CloseUnused() {
		if m.config.Listener(name) == nil {
			m.o.Log.Info("given descriptor is used by no listener, closed", "name", name)
			m.o.Closed(name)
		}
	}
}

// Run starts the services, each after those it depends on, or goes on with those of an earlier manager, and returns when
// Shutdown has stopped them all, with every listener closed. When ctx ends all workers are killed at once.
func (m *Manager) Run(ctx context.Context) error {
	defer close(m.done)
	m.save()
	m.resume()
	kill := ctx.Done()
	for !m.stopping || len(m.services) > 0 {
		select {
		case note := <-m.notes:
			note()
		case <-kill:
			kill = nil
			m.shutdown()
			for _, s := range m.services {
				s.post(s.killAll)
			}
		}
	}
	m.loops.Wait()
	m.host.groups.close()
	return errors.Join(m.broker.Close(), m.registry.Close())
}

// Started is closed when every service has been ready once.
func (m *Manager) Started() <-chan struct{} { return m.started }

// InCharge is closed when everything that an earlier manager has left is taken over.
func (m *Manager) InCharge() <-chan struct{} { return m.inCharge }

// Shutdown begins to stop everything, dependents first, and returns at once.
func (m *Manager) Shutdown() { m.post(m.shutdown) }

// post has f called by the loop, unless that has ended.
func (m *Manager) post(f func()) bool {
	select {
	case m.notes <- f:
		return true
	case <-m.done:
		return false
	}
}

// errStopped is what calls get that come too late.
var errStopped = errors.New("supervise is stopping")

// ask has f called by the loop and waits until it has been.
func (m *Manager) ask(ctx context.Context, f func()) error {
	called := make(chan struct{})
	if !m.post(func() { f(); close(called) }) {
		return errStopped
	}
	select {
	case <-called:
		return nil
	case <-m.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add makes a service that is not running yet.
func (m *Manager) add(cfg *config.Service) *service {
	s := newService(cfg, m.config, m.host, m.registry, m.library, m.record)
	s.log, s.logFile = m.logOf(cfg.Name)
	m.services[cfg.Name] = s
	m.waiting[cfg.Name] = true
	m.begin(s)
	return s
}

// begin lets a service live.
func (m *Manager) begin(s *service) {
	if m.o.Output != nil {
		m.o.Output.Expect(s.name, s.workers)
	}
	m.loops.Go(s.loop)
}

// shutdown stops every service that no other running one depends on; the others follow as those are gone.
func (m *Manager) shutdown() {
	if m.stopping {
		return
	}
	m.stopping = true
	m.save()
	for _, cfg := range m.config.Services {
		m.stopLeaf(cfg.Name)
	}
	for name := range m.services { // one that the file has no longer and that is being stopped already
		m.stopLeaf(name)
	}
}

// stopLeaf stops a service if no service depends on it that still runs. Those it depends on follow.
func (m *Manager) stopLeaf(name string) {
	s := m.services[name]
	if s == nil || m.ending[name] || m.hasDependents(name) {
		return
	}
	m.ending[name] = true
	m.stopThen(s, func() {
		m.forget(name, s)
		if cfg := m.config.Service(name); cfg != nil {
			for _, d := range cfg.DependsOn {
				m.stopLeaf(d)
			}
		}
	})
}

// forget ends a service that is stopped for good.
func (m *Manager) forget(name string, s *service) {
	if m.services[name] == s {
		delete(m.services, name)
		close(s.quit)
		<-s.done
		s.erase()
	}
}

func (m *Manager) hasDependents(name string) bool {
	return slices.ContainsFunc(m.config.Services, func(cfg *config.Service) bool {
		return m.services[cfg.Name] != nil && slices.Contains(cfg.DependsOn, name)
	})
}

// stopThen stops a service for good and calls f in the loop when it is stopped.
func (m *Manager) stopThen(s *service, f func()) {
	reply := make(chan error, 1)
	s.post(func() { s.leave(reply) })
	go func() {
		<-reply
		m.post(f)
	}()
}

// Record puts an event of the surroundings into the log and the journal.
func (m *Manager) Record(e Event) { m.record(e) }

// record puts an event into the log and the journal: who sees an event finds it in the log.
func (m *Manager) record(e Event) {
	logEvent(m.o.Log, e)
	m.journal.publish(e)
}

// socketReplaced is told by the registry that a listener had to be opened anew: workers that hold the old socket serve nobody.
func (m *Manager) socketReplaced(listener string) {
	if block := broker.BlockOf(listener); block != "" {
		m.broker.Reopened(block)
		return
	}
	m.post(func() {
		for _, s := range m.services {
			s.post(func() {
				if slices.Contains(s.cfg.Listeners, listener) {
					s.accept(&operation{kind: opRestart, running: true})
				}
			})
		}
	})
}

// ReopenOutput opens the files that services write to anew, after logrotate(8) has renamed them.
func (m *Manager) ReopenOutput() error { return m.host.files.reopen() }

// NotFoundError is a name that the configuration does not have.
type NotFoundError struct {
	Kind  string // "service" or "listener"
	Name  string
	Known []string
}

// Error lists the names there are.
func (e *NotFoundError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no %s %q: there are none", e.Kind, e.Name)
	}
	return fmt.Sprintf("there is no %s %q; there are: %s", e.Kind, e.Name, strings.Join(e.Known, ", "))
}
