package control

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// house holds a control socket as the keeper does, for one manager after the other.
type house struct {
	t       *testing.T
	socket  timed
	patient *Patient
	notes   int // how often the patient said that a manager was replaced
}

func newHouse(t *testing.T) *house {
	t.Helper()
	l := listenHere(t)
	h := &house{t: t, socket: l}
	c := NewClient(l.Addr().String())
	t.Cleanup(func() {
		c.Close()
		l.Close()
	})
	h.patient = NewPatient(c, func() { h.notes++ })
	h.patient.wait = waiting{pause: time.Millisecond, longest: 4 * time.Millisecond, all: soon}
	return h
}

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = time.Minute

// lent is a listener of which Close ends Accept only.
type lent struct{ timed }

// timed is a listener whose Accept has a deadline.
type timed interface {
	net.Listener
	SetDeadline(time.Time) error
}

func (l lent) Close() error { return l.SetDeadline(time.Unix(1, 0)) }

// manager is one that can be killed, with a journal and a status.
type manager struct {
	fake
	server    *Server
	served    chan error
	heard     chan struct{} // see dies
	killed    chan struct{}
	once      sync.Once
	before    func()        // any call; may be nil
	following func()        // when somebody follows the log; may be nil
	asked     chan struct{} // one for each question for the status

	watched sync.Mutex
	status  supervisor.Status
	journal []supervisor.Event
	news    chan struct{} // closed and replaced when there is an event
}

func newManager(s supervisor.ServiceStatus) *manager {
	m := &manager{
		heard: make(chan struct{}), killed: make(chan struct{}), served: make(chan error, 1), asked: make(chan struct{}, 1000), news: make(chan struct{}),
	}
	m.server = NewServer(Options{Backend: m, Version: "v1", GID: -1})
	m.become(s)
	return m
}

// move lets a manager serve.
func (h *house) move(m *manager) {
	h.t.Helper()
	if err := h.socket.SetDeadline(time.Time{}); err != nil {
		h.t.Fatal(err)
	}
	go func() { m.served <- m.server.Serve(lent{h.socket}) }()
}

// kill ends a manager as SIGKILL does: every connection breaks off, nothing is said. The socket stays.
func (m *manager) kill() {
	m.once.Do(func() {
		m.server.http.Close()
		m.server.dismiss()
		m.server.abandon()
		close(m.killed)
	})
}

// stop ends a manager as it ends when it is told to stop everything: nothing breaks off.
func (m *manager) stop() {
	m.once.Do(func() {
		m.server.Close(testContext())
		close(m.killed)
	})
}

// follow has each manager move in when the one before is gone, the first at once.
func (h *house) follow(all ...*manager) {
	h.t.Helper()
	h.move(all[0])
	var moved sync.WaitGroup
	moved.Go(func() {
		for i, next := range all[1:] {
			<-all[i].killed
			<-all[i].served
			h.move(next)
		}
	})
	h.t.Cleanup(func() {
		for _, m := range all {
			m.kill()
		}
		moved.Wait()
	})
}

func (m *manager) Status(_ context.Context, names []string) (supervisor.Status, error) {
	m.first()
	m.call("status %q", names)
	defer func() { m.asked <- struct{}{} }()
	m.watched.Lock()
	defer m.watched.Unlock()
	return m.status, nil
}

func (m *manager) Brief(ctx context.Context, names []string) (supervisor.Status, error) {
	return m.Status(ctx, names)
}

func (m *manager) Hold(ctx context.Context, name string) error {
	m.first()
	return m.fake.Hold(ctx, name)
}

func (m *manager) Release(ctx context.Context, name string) error {
	m.first()
	return m.fake.Release(ctx, name)
}

func (m *manager) Signal(ctx context.Context, name, signal string) error {
	m.first()
	return m.fake.Signal(ctx, name, signal)
}

func (m *manager) Logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error {
	if m.following != nil {
		go m.following()
	}
	return m.fake.Logs(ctx, service, n, follow, emit)
}

func (m *manager) first() {
	if m.before != nil {
		m.before()
	}
}

// become changes the service, and records what has happened.
func (m *manager) become(s supervisor.ServiceStatus, events ...supervisor.Event) {
	m.watched.Lock()
	defer m.watched.Unlock()
	m.status.Services = []supervisor.ServiceStatus{s}
	m.journal = append(m.journal, events...)
	close(m.news)
	m.news = make(chan struct{})
}

func (m *manager) since(n int) ([]supervisor.Event, chan struct{}) {
	m.watched.Lock()
	defer m.watched.Unlock()
	return m.journal[n:], m.news
}

func (m *manager) Events(ctx context.Context, follow bool, emit func(supervisor.Event) error) error {
	for n := 0; ; {
		events, more := m.since(n)
		n += len(events)
		for _, e := range events {
			if err := emit(e); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// dies is an operation in the middle of which the manager is killed: when the test has heard of the events, if there are any.
func (m *manager) dies(events ...supervisor.Event) func(context.Context, func(supervisor.Event)) error {
	return func(ctx context.Context, report func(supervisor.Event)) error {
		for _, e := range events {
			report(e)
		}
		if len(events) > 0 {
			<-m.heard
		}
		m.kill()
		<-ctx.Done()
		return errors.New("nobody hears this")
	}
}

// verbs are all that change something at a service.
var verbs = map[string]func(p *Patient, ctx context.Context, report func(supervisor.Event)) error{
	"restart": func(p *Patient, ctx context.Context, r func(supervisor.Event)) error { return p.Restart(ctx, "app", r) },
	"start":   func(p *Patient, ctx context.Context, r func(supervisor.Event)) error { return p.Start(ctx, "app", r) },
	"stop":    func(p *Patient, ctx context.Context, r func(supervisor.Event)) error { return p.Stop(ctx, "app", r) },
	"scale": func(p *Patient, ctx context.Context, r func(supervisor.Event)) error {
		return p.Scale(ctx, "app", 2, r)
	},
	"reload": func(p *Patient, ctx context.Context, r func(supervisor.Event)) error {
		_, err := p.Reload(ctx, r)
		return err
	},
}

// line is one that a worker of a generation printed at a time.
func line(at time.Time, generation, worker int, text string) output.Line {
	return output.Line{Time: at, Service: "app", Generation: generation, Worker: worker, Text: text}
}
