package supervisor

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/broker"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// Status tells what is held and what runs. With names only those services and their listeners are told of.
func (m *Manager) Status(ctx context.Context, names []string) (Status, error) {
	return m.tell(ctx, names, m.host.connections)
}

// Brief is Status without the connections of workers, which are unknown in it: to count them the kernel looks at every socket of the
// machine, and where there are a hundred thousand, in TIME_WAIT too, that takes longer than all the rest.
func (m *Manager) Brief(ctx context.Context, names []string) (Status, error) {
	return m.tell(ctx, names, uncounted)
}

// uncounted says of every worker that its connections are unknown.
func uncounted(list []holder) []int {
	return slices.Repeat([]int{unknown}, len(list))
}

func (m *Manager) tell(ctx context.Context, names []string, count func([]holder) []int) (Status, error) {
	st := Status{
		Version: m.o.Version, KeeperPID: m.o.KeeperPID, ManagerPID: os.Getpid(), StartedAt: m.startedAt,
		Listeners: []ListenerStatus{}, Services: []ServiceStatus{},
	}
	for _, name := range names {
		if _, err := m.find(ctx, name); err != nil {
			return Status{}, err
		}
	}
	var services []*service
	var current *config.Config
	err := m.ask(ctx, func() { current, services = m.config, m.known(names) })
	if err != nil {
		return Status{}, err
	}
	st.Config, st.ConfigHash = current.Path, strings.TrimPrefix(m.library.name(current.Source), configPrefix)
	for _, l := range m.registry.Status() {
		if broker.BlockOf(l.Name) != "" {
			continue
		}
		if ls := listenerStatus(l, current); len(names) == 0 || slices.ContainsFunc(ls.Services, func(s string) bool { return wanted(names, s) }) {
			st.Listeners = append(st.Listeners, ls)
		}
	}
	if len(names) == 0 {
		st.Serves = serveStatus(m.broker.Status())
	}
	st.Services = slices.DeleteFunc(gather(services, count), func(s ServiceStatus) bool {
		return s.State == "stopped" && current.Service(s.Name) == nil
	})
	return st, nil
}

// known gives the services in the order of the configuration, and then those that it has no longer and that still have workers.
func (m *Manager) known(names []string) []*service {
	var out []*service
	for _, cfg := range m.config.Services {
		if s := m.services[cfg.Name]; s != nil && wanted(names, cfg.Name) {
			out = append(out, s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.services)) {
		if m.config.Service(name) == nil && wanted(names, name) {
			out = append(out, m.services[name])
		}
	}
	return out
}

// wanted is whether a service is among those asked for; without names all are.
func wanted(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name)
}

// view is what a service tells of itself, and of whom the connections have to be counted to complete it: one for each of its workers.
type view struct {
	status  ServiceStatus
	holders []holder
}

// gather asks all services at once, and then for the connections of all their workers.
func gather(services []*service, count func([]holder) []int) []ServiceStatus {
	answers := make([]chan view, len(services))
	for i, s := range services {
		answers[i] = make(chan view, 1)
		s.look(func() { answers[i] <- view{s.status(), s.holders()} })
	}
	out := []ServiceStatus{}
	var holders []holder
	for i, s := range services {
		select {
		case v := <-answers[i]:
			out, holders = append(out, v.status), append(holders, v.holders...)
		case <-s.done:
		}
	}
	counts := count(holders)
	for _, st := range out {
		for i := range st.Workers {
			st.Workers[i].Connections, counts = counts[0], counts[1:]
		}
	}
	return out
}

func (s *service) status() ServiceStatus {
	st := ServiceStatus{
		Name: s.name, State: s.state(), Newest: s.number, Restarts: s.crashes, Wanted: s.workers, Workers: []WorkerStatus{},
		Reason: s.reason, RolledBack: s.refused,
	}
	if st.Reason == "" {
		st.Reason = s.current.illness()
	}
	if st.Reason == "" {
		st.Reason = s.refused
	}
	if s.current != nil {
		st.Generation = s.current.number
	}
	for _, op := range s.queue {
		st.Waiting = append(st.Waiting, op.kind.String())
	}
	for _, g := range s.generations() {
		for _, sl := range g.slots {
			if sl.worker != nil || sl.retry != nil {
				st.Workers = append(st.Workers, sl.status(g))
			}
		}
	}
	if r := s.rollout; r != nil {
		st.Rollout = &RolloutStatus{From: r.from.number, To: r.to.number, Strategy: r.to.cfg.Rollout.Strategy, Step: r.step,
			Ready: r.to.count(isServing), Workers: len(r.to.active()), StartedAt: r.startedAt,
			Share: r.share, Until: r.until}
	}
	if v := s.reserve; v != nil {
		st.Kept = &KeptStatus{Generation: v.gen.number, Until: v.until}
	}
	return st
}

// holders are the workers of which status tells, in the same order.
func (s *service) holders() (list []holder) {
	for _, g := range s.generations() {
		for _, sl := range g.slots {
			switch {
			case sl.worker != nil:
				list = append(list, sl.worker.holder())
			case sl.retry != nil:
				list = append(list, holder{})
			}
		}
	}
	return list
}

// state sums a service up in a word.
func (s *service) state() string {
	switch {
	case s.halting:
		return "stopping"
	case s.rollout != nil:
		return "rolling-out"
	case s.current == nil || s.current.ranOut():
		return "stopped"
	case s.current.retrying() || s.reason != "" || s.current.illness() != "":
		return "degraded"
	case !s.current.allReady():
		return "starting"
	}
	return "running"
}

// ranOut is whether every worker ended as it was meant to.
func (g *generation) ranOut() bool {
	for _, sl := range g.active() {
		if !sl.finished {
			return false
		}
	}
	return len(g.active()) > 0
}

func (sl *slot) status(g *generation) WorkerStatus {
	st := WorkerStatus{Index: sl.index, Generation: g.number, Phase: gone.String(), Connections: unknown, LastExit: sl.lastExit}
	if w := sl.worker; w != nil {
		if w.launched && w.proc != nil {
			st.Cgroup = w.proc.known().Group
		}
		st.PID, st.Phase, st.StartedAt, st.Status = w.pid, w.phase.String(), w.startedAt, w.status
		st.Health = w.health()
		st.Adopted, st.NotIntercepted = slices.Clone(w.adopted), w.past
		if !w.readyAt.IsZero() {
			at := w.readyAt
			st.ReadyAt = &at
		}
		return st
	}
	at := sl.retryAt
	st.RetryAt = &at
	return st
}

// listenerStatus lists the services that the listener is configured for, and those that still hold it.
func listenerStatus(l registry.Listener, cfg *config.Config) ListenerStatus {
	services := []string{}
	for _, s := range cfg.Services {
		if slices.Contains(s.Listeners, l.Name) {
			services = append(services, s.Name)
		}
	}
	for _, name := range l.Services {
		if !slices.Contains(services, name) {
			services = append(services, name)
		}
	}
	return ListenerStatus{
		Members: memberStatuses(l.Members),
		Name:    l.Name, Address: l.Address.String(), Sharing: l.Sharing, Queue: l.Queue, Held: l.Paused, Services: services, TakenFrom: l.TakenFrom, Steering: l.Steering,
		Backlog: Backlog{Configured: l.Backlog.Configured, Effective: l.Backlog.Effective},
	}
}

func memberStatuses(members []registry.MemberStatus) []MemberStatus {
	var list []MemberStatus
	for _, m := range members {
		list = append(list, MemberStatus{
			Service: m.User.Service, Generation: m.User.Generation, Worker: m.Worker, Queue: m.Queue, Current: m.Current, Share: m.Share, Own: m.Own,
		})
	}
	return list
}

func serveStatus(blocks []broker.Status) []ServeStatus {
	var list []ServeStatus
	for _, b := range blocks {
		list = append(list, ServeStatus{Name: b.Name, Protocol: b.Protocol, Address: b.Address, Listeners: b.Listeners, Stored: b.Stored, Clients: b.Clients})
	}
	return list
}
