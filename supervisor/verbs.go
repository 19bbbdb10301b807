package supervisor

import (
	"context"
	"fmt"
	"syscall"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// Restart rolls out the next generation of a service and waits until the old one is gone. Steps are reported as they happen. When
// ctx ends the rollout goes on; only the waiting ends. The error is a *RolloutError when the old generation was kept.
func (m *Manager) Restart(ctx context.Context, name string, report func(Event)) error {
	return m.operate(ctx, name, report, func(s *service, reply chan error) {
		s.accept(&operation{kind: opRestart, replies: []chan error{reply}})
	})
}

// Start starts a stopped service and waits until it is ready. It is no error if it runs already. The error is a *StartError when
// the first attempt failed; the service goes on trying.
func (m *Manager) Start(ctx context.Context, name string, report func(Event)) error {
	return m.operate(ctx, name, report, func(s *service, reply chan error) {
		s.accept(&operation{kind: opStart, replies: []chan error{reply}})
	})
}

// Stop stops a service and waits until its last worker is gone. Its listeners stay open: connections wait.
func (m *Manager) Stop(ctx context.Context, name string, report func(Event)) error {
	return m.operate(ctx, name, report, func(s *service, reply chan error) { s.halt(reply) })
}

// Scale gives a service n workers and waits until new ones are ready. It holds until the next change of workers in the file.
func (m *Manager) Scale(ctx context.Context, name string, n int, report func(Event)) error {
	if n < 0 || n > config.MaxWorkers {
		return fmt.Errorf("cannot scale service %q to %d workers: give a number from 0 to %d", name, n, config.MaxWorkers)
	}
	if m.o.Output != nil {
		m.o.Output.Expect(name, n)
	}
	return m.operate(ctx, name, report, func(s *service, reply chan error) {
		s.accept(&operation{kind: opScale, workers: n, replies: []chan error{reply}})
	})
}

// Signal sends a signal, by name or number, to the main process of every worker of a service.
func (m *Manager) Signal(ctx context.Context, name, signal string) error {
	full, err := config.ParseSignal(signal)
	if err != nil {
		return err
	}
	n, _ := config.SignalNumber(full)
	return m.operate(ctx, name, nil, func(s *service, reply chan error) { reply <- s.signalAll(syscall.Signal(n)) })
}

// Hold makes new connections to a listener wait: the kernel does not answer their SYN until Release. Nobody is refused, and
// connections that exist go on.
func (m *Manager) Hold(ctx context.Context, listener string) error {
	return m.pause(ctx, listener, m.registry.Hold, Event{Kind: KindListenerHeld, Message: "new connections wait"})
}

// Release ends Hold.
func (m *Manager) Release(ctx context.Context, listener string) error {
	return m.pause(ctx, listener, m.registry.Release, Event{Kind: KindListenerFree, Message: "new connections are let in"})
}

func (m *Manager) pause(ctx context.Context, listener string, do func(string) error, e Event) error {
	var found bool
	var known []string
	if err := m.ask(ctx, func() {
		found = m.config.Listener(listener) != nil
		for _, l := range m.config.Listeners {
			known = append(known, l.Name)
		}
	}); err != nil {
		return err
	}
	if !found {
		return &NotFoundError{Kind: "listener", Name: listener, Known: known}
	}
	if err := do(listener); err != nil {
		return err
	}
	e.Listener = listener
	m.record(e)
	return nil
}

// Events hands the events that are remembered to emit, oldest first, and with follow all that come, until ctx ends, emit fails or supervise
// has stopped.
func (m *Manager) Events(ctx context.Context, follow bool, emit func(Event) error) error {
	if follow {
		return m.journal.follow(ctx, 0, m.done, emit)
	}
	events, _, _ := m.journal.since(0)
	for _, e := range events {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// operate has do called in the loop of a service and waits for its reply, reporting what happens to the service meanwhile.
func (m *Manager) operate(ctx context.Context, name string, report func(Event), do func(*service, chan error)) error {
	s, err := m.find(ctx, name)
	if err != nil {
		return err
	}
	if report == nil {
		report = func(Event) {}
	}
	at := m.journal.position()
	reply := make(chan error, 1)
	s.post(func() { do(s, reply) })
	concerning := func(e Event) {
		if e.Service == name {
			report(e)
		}
	}
	err, answered := await(ctx, m.journal, at, reply, s.done, concerning)
	if answered {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, err := m.find(ctx, name); err != nil {
		return err
	}
	return fmt.Errorf("service %q has been removed and added again meanwhile: try again", name)
}

// await hands events from number at on to report until the reply has come, and those that came before it. There is none when ctx or gone
// end the waiting.
func await[T any](ctx context.Context, j *journal, at uint64, reply <-chan T, gone <-chan struct{}, report func(Event)) (answer T, answered bool) {
	for {
		events, next, more := j.since(at)
		at = next
		for _, e := range events {
			report(e)
		}
		if answered {
			return answer, true
		}
		select {
		case answer = <-reply:
			answered = true
		case <-more:
		case <-gone:
			gone = nil
			select { // the last thing that it did may have been the answer
			case answer = <-reply:
				answered = true
			default:
				return answer, false
			}
		case <-ctx.Done():
			return answer, false
		}
	}
}

func (m *Manager) find(ctx context.Context, name string) (*service, error) {
	var s *service
	var known []string
	var stopping bool
	err := m.ask(ctx, func() {
		s, stopping = m.services[name], m.stopping
		if s != nil {
			return
		}
		for _, cfg := range m.config.Services {
			known = append(known, cfg.Name)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case s == nil && stopping:
		return nil, errStopped
	case s == nil:
		return nil, &NotFoundError{Kind: "service", Name: name, Known: known}
	}
	return s, nil
}

// Logs hands the last n lines of a service to emit, oldest first, and with follow all that come, until ctx ends, emit fails or the service
// (supervise, for all services) is gone. An empty name stands for all services.
func (m *Manager) Logs(ctx context.Context, name string, n int, follow bool, emit func(output.Line) error) error {
	logs, end, err := m.logs(ctx, name)
	if err != nil {
		return err
	}
	if follow {
		ctx, cancel := until(ctx, end)
		defer cancel()
		return followAll(ctx, logs, n, emit)
	}
	lines, _ := lastOfAll(logs, n)
	for _, line := range lines {
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}
