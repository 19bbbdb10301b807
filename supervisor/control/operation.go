package control

import (
	"context"
	"net/http"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// queued is how many events may wait for a slow client; more are dropped, the result never is.
const queued = 1024

// operation runs do and streams what it reports. The client may go away meanwhile: do goes on.
func (s *Server) operation(w http.ResponseWriter, do func(ctx context.Context, report func(supervisor.Event)) (*Result, error)) error {
	events := make(chan supervisor.Event, queued)
	report := func(e supervisor.Event) {
		select {
		case events <- e:
		default:
		}
	}
	type outcome struct {
		result *Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := do(s.operations, report)
		done <- outcome{result, err}
	}()
	out := newLines(w)
	for {
		select {
		case e := <-events:
			_ = out.write(Message{Event: &e})
		case o := <-done:
			s.drain(out, events)
			return finish(out, o.result, o.err)
		}
	}
}

// drain sends what was reported before the end.
func (s *Server) drain(out *lines, events <-chan supervisor.Event) {
	for {
		select {
		case e := <-events:
			_ = out.write(Message{Event: &e})
		default:
			return
		}
	}
}

// finish sends the result. An error before any line is left to the caller, who gives it a status.
func finish(out *lines, result *Result, err error) error {
	switch {
	case err != nil && !out.sent:
		return err
	case err != nil:
		result = failure(err)
	case result == nil:
		result = &Result{OK: true}
	}
	_ = out.write(Message{Result: result})
	return nil
}

// named is an operation on the thing in the path, without a body.
func (s *Server) named(w http.ResponseWriter, r *request, do func(context.Context, string, func(supervisor.Event)) error) error {
	if err := r.body(w, &struct{}{}); err != nil {
		return err
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		return nil, do(ctx, r.name, report)
	})
}

func (s *Server) start(w http.ResponseWriter, r *request) error {
	return s.named(w, r, s.backend.Start)
}

func (s *Server) stop(w http.ResponseWriter, r *request) error {
	return s.named(w, r, s.backend.Stop)
}

func (s *Server) hold(w http.ResponseWriter, r *request) error {
	return s.named(w, r, quietly(s.backend.Hold))
}

func (s *Server) release(w http.ResponseWriter, r *request) error {
	return s.named(w, r, quietly(s.backend.Release))
}

// quietly fits an operation that reports nothing.
func quietly(do func(context.Context, string) error) func(context.Context, string, func(supervisor.Event)) error {
	return func(ctx context.Context, name string, _ func(supervisor.Event)) error { return do(ctx, name) }
}

func (s *Server) scale(w http.ResponseWriter, r *request) error {
	var body struct {
		Workers *int `json:"workers"`
	}
	if err := r.body(w, &body); err != nil {
		return err
	}
	if body.Workers == nil {
		return bad(http.StatusBadRequest, `the body must say how many: {"workers":2}`)
	}
	if *body.Workers < 0 || *body.Workers > config.MaxWorkers {
		return bad(http.StatusBadRequest, "workers must be from 0 to %d, not %d", config.MaxWorkers, *body.Workers)
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		return nil, s.backend.Scale(ctx, r.name, *body.Workers, report)
	})
}

func (s *Server) signal(w http.ResponseWriter, r *request) error {
	var body struct {
		Signal string `json:"signal"`
	}
	if err := r.body(w, &body); err != nil {
		return err
	}
	if body.Signal == "" {
		return bad(http.StatusBadRequest, `the body must say which: {"signal":"SIGUSR1"}`)
	}
	return s.operation(w, func(ctx context.Context, _ func(supervisor.Event)) (*Result, error) {
		return nil, s.backend.Signal(ctx, r.name, body.Signal)
	})
}

func (s *Server) reload(w http.ResponseWriter, r *request) error {
	var body struct {
		Take map[string]string `json:"take"`
	}
	if err := r.body(w, &body); err != nil {
		return err
	}
	from, err := sources(body.Take)
	if err != nil {
		return err
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		apply := s.backend.Reload
		if len(from) > 0 {
			apply = func(ctx context.Context, report func(supervisor.Event)) (config.Changes, error) {
				return s.backend.Take(ctx, from, report)
			}
		}
		changes, err := apply(ctx, report)
		return &Result{OK: true, Changes: changeLines(changes)}, err
	})
}

// sources reads where listeners are to be taken from.
func sources(texts map[string]string) (map[string]config.TakeFrom, error) {
	from := make(map[string]config.TakeFrom, len(texts))
	for name, text := range texts {
		source, err := config.ParseTakeFrom(text)
		if err != nil {
			return nil, bad(http.StatusBadRequest, "cannot take listener %q: %v", name, err)
		}
		from[name] = source
	}
	return from, nil
}

func (s *Server) upgrade(w http.ResponseWriter, r *request) error {
	if err := r.body(w, &struct{}{}); err != nil {
		return err
	}
	return s.operation(w, func(ctx context.Context, report func(supervisor.Event)) (*Result, error) {
		return nil, s.backend.Upgrade(ctx, report)
	})
}
