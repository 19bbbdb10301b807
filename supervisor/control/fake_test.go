package control

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// fake is a Backend with one service "app" and one listener "web".
type fake struct {
	mu    sync.Mutex
	calls []string

	// run, when set, is every operation that reports.
	run     func(ctx context.Context, report func(supervisor.Event)) error
	changes config.Changes
	events  []supervisor.Event
	more    chan supervisor.Event // what follow gives; nil: nothing until ctx ends
	lines   []output.Line
	sockets []fdpass.Named // of the listener
}

func (f *fake) call(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

func (f *fake) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func known(kind, want, name string) error {
	if name == want {
		return nil
	}
	return &supervisor.NotFoundError{Kind: kind, Name: name, Known: []string{want}}
}

func (f *fake) operate(ctx context.Context, what, name string, report func(supervisor.Event)) error {
	f.call("%s %s", what, name)
	if err := known("service", "app", name); err != nil {
		return err
	}
	if f.run != nil {
		return f.run(ctx, report)
	}
	report(supervisor.Event{Kind: supervisor.KindStart, Service: name, Generation: 2, Message: "starting <2> & waiting"})
	report(supervisor.Event{Kind: supervisor.KindReady, Service: name, Generation: 2, Message: "ready"})
	return nil
}

func (f *fake) Status(_ context.Context, names []string) (supervisor.Status, error) {
	return f.answer("status", names)
}

func (f *fake) answer(what string, names []string) (supervisor.Status, error) {
	f.call("%s %q", what, names)
	for _, n := range names {
		if err := known("service", "app", n); err != nil {
			return supervisor.Status{}, err
		}
	}
	return supervisor.Status{Version: "v1", KeeperPID: 7, Config: "app.hcl", StartedAt: time.Unix(0, 0).UTC()}, nil
}

func (f *fake) Brief(_ context.Context, names []string) (supervisor.Status, error) {
	return f.answer("brief", names)
}

func (f *fake) Restart(ctx context.Context, name string, report func(supervisor.Event)) error {
	return f.operate(ctx, "restart", name, report)
}

func (f *fake) RestartCanary(ctx context.Context, name string, c config.Canary, report func(supervisor.Event)) error {
	return f.operate(ctx, fmt.Sprintf("restart with %.4g for %s", c.Share, c.For), name, report)
}

func (f *fake) Promote(ctx context.Context, name string, retire bool, report func(supervisor.Event)) error {
	return f.operate(ctx, fmt.Sprintf("promote (retire %v)", retire), name, report)
}

func (f *fake) Rollback(ctx context.Context, name string, report func(supervisor.Event)) error {
	return f.operate(ctx, "rollback", name, report)
}

func (f *fake) Start(ctx context.Context, name string, report func(supervisor.Event)) error {
	return f.operate(ctx, "start", name, report)
}

func (f *fake) Stop(ctx context.Context, name string, report func(supervisor.Event)) error {
	return f.operate(ctx, "stop", name, report)
}

func (f *fake) Scale(ctx context.Context, name string, n int, report func(supervisor.Event)) error {
	return f.operate(ctx, fmt.Sprintf("scale to %d", n), name, report)
}

func (f *fake) Signal(_ context.Context, name, signal string) error {
	f.call("signal %s %s", name, signal)
	return known("service", "app", name)
}

func (f *fake) Hold(_ context.Context, name string) error {
	f.call("hold %s", name)
	return known("listener", "web", name)
}

func (f *fake) Release(_ context.Context, name string) error {
	f.call("release %s", name)
	return known("listener", "web", name)
}

func (f *fake) Reload(ctx context.Context, report func(supervisor.Event)) (config.Changes, error) {
	f.call("reload")
	if f.run != nil {
		return config.Changes{}, f.run(ctx, report)
	}
	report(supervisor.Event{Kind: supervisor.KindReload, Message: "reloaded"})
	return f.changes, nil
}

func (f *fake) Take(ctx context.Context, from map[string]config.TakeFrom, report func(supervisor.Event)) (config.Changes, error) {
	for name := range from {
		if err := known("listener", "web", name); err != nil {
			return config.Changes{}, err
		}
		f.call("take %s from %s", name, from[name])
	}
	report(supervisor.Event{Kind: supervisor.KindListenerTaken, Listener: "web", Message: "taken over"})
	return f.changes, nil
}

func (f *fake) Descriptors(_ context.Context, names []string) ([]fdpass.Named, error) {
	f.call("descriptors %q", names)
	var list []fdpass.Named
	for _, name := range names {
		if err := known("listener", "web", name); err != nil {
			return nil, err
		}
	}
	for _, n := range f.sockets {
		d, err := n.Descriptor.Dup()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: n.Name, Descriptor: d})
	}
	return list, nil
}

func (f *fake) Events(ctx context.Context, follow bool, emit func(supervisor.Event) error) error {
	f.call("events %v", follow)
	for _, e := range f.events {
		if err := emit(e); err != nil {
			return err
		}
	}
	for follow {
		select {
		case e := <-f.more:
			if err := emit(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (f *fake) Logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error {
	f.call("logs %q %d %v", service, n, follow)
	if service != "" {
		if err := known("service", "app", service); err != nil {
			return err
		}
	}
	for _, l := range f.lines {
		if err := emit(l); err != nil {
			return err
		}
	}
	if follow {
		<-ctx.Done()
	}
	return nil
}

// serve gives a client of a server with this backend.
func serve(t *testing.T, b Backend) (*Client, *Server) {
	t.Helper()
	l := listenHere(t)
	s := NewServer(Options{Backend: b, Version: "v1", GID: -1})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	c := NewClient(l.Addr().String())
	t.Cleanup(func() {
		c.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := errors.Join(s.Close(ctx), <-done); err != nil {
			t.Error(err)
		}
	})
	return c, s
}

func (f *fake) Upgrade(ctx context.Context, report func(supervisor.Event)) error {
	f.call("upgrade")
	if f.run != nil {
		return f.run(ctx, report)
	}
	return nil
}
