package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// TestProcAfterTheEnd checks that every call that comes too late gets an answer.
func TestProcAfterTheEnd(t *testing.T) {
	r := newRig(t, app).started()
	logs := result(func() error { return r.m.Logs(t.Context(), "app", 1, true, func(output.Line) error { return nil }) })
	all := result(func() error { return r.m.Logs(t.Context(), "", 1, true, func(output.Line) error { return nil }) })
	last := ""
	events := result(func() error { return r.m.Events(t.Context(), true, func(e Event) error { last = e.Kind; return nil }) })
	r.m.Shutdown()
	for _, c := range []chan error{logs, all, events} {
		if err := r.soon(c); err != nil {
			t.Error(err)
		}
	}
	<-r.m.done
	if last != KindServiceStopped {
		t.Errorf("the last event was %q", last)
	}
	calls := map[string]func() error{
		"status":  func() error { _, err := r.m.Status(t.Context(), nil); return err },
		"one":     func() error { _, err := r.m.Status(t.Context(), []string{"app"}); return err },
		"restart": func() error { return r.m.Restart(t.Context(), "app", nil) },
		"start":   func() error { return r.m.Start(t.Context(), "app", nil) },
		"stop":    func() error { return r.m.Stop(t.Context(), "app", nil) },
		"scale":   func() error { return r.m.Scale(t.Context(), "app", 1, nil) },
		"signal":  func() error { return r.m.Signal(t.Context(), "app", "HUP") },
		"hold":    func() error { return r.m.Hold(t.Context(), "web") },
		"reload":  func() error { _, err := r.m.Reload(t.Context(), nil); return err },
		"logs": func() error {
			return r.m.Logs(t.Context(), "app", 1, true, func(output.Line) error { return nil })
		},
	}
	for name, call := range calls {
		for range 40 { // more than fit into the queue of notes
			if err := r.soon(result(call)); !errors.Is(err, errStopped) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := r.soon(result(func() error { return r.m.Events(t.Context(), true, func(Event) error { return nil }) })); err != nil {
		t.Errorf("events: %v", err)
	}
}

// TestProcStartDuringShutdown checks that nothing starts any more, so that no process is left behind.
func TestProcStartDuringShutdown(t *testing.T) {
	r := newRig(t, stuck("app", "")+quick("base", ""))
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted && e.Service == "app" })
	r.m.Shutdown()
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerDraining && e.Service == "app" })
	for _, call := range []func(context.Context, string, func(Event)) error{r.m.Start, r.m.Restart} {
		if err := call(t.Context(), "app", nil); err == nil || !strings.Contains(err.Error(), "stop") {
			t.Errorf("error %v", err)
		}
	}
	<-r.m.done
	events, _, _ := r.m.journal.since(0)
	for _, e := range events {
		if e.Generation > 1 {
			t.Errorf("%+v", e)
		}
	}
}

// TestProcReloadDuringShutdown checks that a reload that a shutdown overtakes adds nothing that nobody stops.
func TestProcReloadDuringShutdown(t *testing.T) {
	for name, text := range map[string]string{
		"adds":    stuck("app", "") + quick("other", ""),
		"changes": stuck("app", "nice = 1"),
		"removes": quick("other", ""),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, stuck("app", ""))
			r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
			r.m.o.Load = func() (*config.Config, error) {
				r.m.Shutdown()
				r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerDraining })
				return r.load()
			}
			r.rewrite(text)
			_, err := r.m.Reload(t.Context(), nil)
			if err == nil {
				t.Error("the reload succeeded")
			}
			<-r.m.done
		})
	}
	t.Run("after it has begun", func(t *testing.T) {
		r := newRig(t, stuck("app", "")+quick("other", ""))
		r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted && e.Service == "app" })
		reloaded := result(func() error { return r.reload(quick("other", "") + stuck("third", "")) })
		r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerDraining })
		r.m.Shutdown()
		if err := r.soon(reloaded); err == nil {
			t.Error("the reload succeeded")
		}
		<-r.m.done
	})
}

// TestProcKillWithDependents checks that a kill reaches services whose turn to stop has not come.
func TestProcKillWithDependents(t *testing.T) {
	k, err := keeper.NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	dir := t.TempDir()
	text := strings.NewReplacer("SELF", filepath.ToSlash(os.Args[0]), "DIR", filepath.ToSlash(dir)).Replace(
		stuck("a", `depends_on = ["b"]`) + "service \"b\" {\n command = [\"SELF\", \"worker\", \"fail\"]\n ready { when = \"started\" }\n restart {\n backoff = \"1h\"\n backoff_max = \"1h\"\n }\n}")
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Options{Config: cfg, Keeper: k, RuntimeDir: dir, Environ: os.Environ(), Log: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := result(func() error { return m.Run(ctx) })
	r := &rig{t: t, m: m, log: &lockedBuffer{}}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted && e.Service == "a" })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerBackoff && e.Service == "b" })
	cancel()
	if err := r.soon(ended); err != nil {
		t.Error(err)
	}
}
