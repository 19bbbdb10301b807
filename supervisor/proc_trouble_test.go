//go:build unix

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
)

// TestProcReplacedListener checks that a service gets its next generation when a listener that a worker has shut down had to be
// opened anew: the old workers hold a socket that nobody can connect to.
func TestProcReplacedListener(t *testing.T) {
	r := newRig(t, "listener \"web\" { address = \"unix://DIR/web.sock\" }\n"+
		"service \"app\" {\n command = [\"SELF\", \"worker\", \"spoil\", \"shutdown once\"]\n listeners = [\"web\"]\n ready { when = \"notify\" }\n}\n"+
		"service \"idle\" {\n command = [\"/bin/sleep\", \"1000\"]\n listeners = [\"web\"]\n ready { when = \"started\" }\n}\n"+
		quick("other", "")).started()
	if err := r.m.Stop(t.Context(), "idle", nil); err != nil {
		t.Error(err)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindRetire && e.Service == "app" })
	c, err := net.Dial("unix", filepath.Join(r.dir, "web.sock"))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for _, s := range r.status().Services {
		if s.Name == "other" && s.Generation != 1 || s.Name == "idle" && len(s.Workers) > 0 {
			t.Errorf("status %+v", s)
		}
	}
}

// TestProcCannotBePrepared checks what is said when what a worker needs cannot be made, and that it is tried again.
func TestProcCannotBePrepared(t *testing.T) {
	tests := map[string]struct {
		attributes string
		spoil      func(r *rig)
		repair     func(r *rig)
		want       string
	}{
		"output file": {
			`output = "file://DIR/logs/out.log"`, func(*rig) {},
			func(r *rig) { _ = os.Mkdir(filepath.Join(r.dir, "logs"), 0o700) }, "no such file",
		},
		"environment file": {
			`environment_files = ["DIR/env"]`, func(r *rig) { _ = os.Remove(filepath.Join(r.dir, "env")) },
			func(r *rig) { _ = os.WriteFile(filepath.Join(r.dir, "env"), nil, 0o600) }, "env",
		},
		"runtime folder": {
			"", func(r *rig) { _ = os.Rename(r.dir, r.dir+".away") },
			func(r *rig) { _ = os.Rename(r.dir+".away", r.dir) }, "cannot make runtime folder",
		},
		"hook": {
			`hooks { before_start = ["DIR/build"] }`, func(*rig) {},
			func(r *rig) {
				_ = os.WriteFile(filepath.Join(r.dir, "build"), []byte("#!/bin/sh\n"), 0o700)
			}, "hook before_start of service \"app\" failed: ",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, quick("other", "")).started()
			tt.repair(r) // a reload looks first whether all is there
			if err := r.reload(quick("other", "") + quick("app", tt.attributes)); err != nil {
				t.Fatal(err)
			}
			if err := r.m.Stop(t.Context(), "app", nil); err != nil {
				t.Error(err)
			}
			for _, left := range []string{"logs", "env", "build"} {
				_ = os.RemoveAll(filepath.Join(r.dir, left))
			}
			tt.spoil(r)
			err := r.m.Start(t.Context(), "app", nil)
			var start *StartError
			if !errors.As(err, &start) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("start: %v, want %q", err, tt.want)
			}
			if err := r.m.Restart(t.Context(), "app", nil); err == nil {
				t.Error("a restart of it succeeded")
			}
			tt.repair(r)
			r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted && e.Service == "app" && e.Generation > 1 })
		})
	}
}

// TestProcFullDisk checks that a worker goes on whose lines cannot be written, and that somebody is told.
func TestProcFullDisk(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "wait"]
		output  = "file:///dev/full"
		ready {
			when = "log"
			pattern = "worker wait"
		}
	}`).started()
	if log := r.log.String(); !strings.Contains(log, "output not written") || !strings.Contains(log, "no space left") {
		t.Error("nobody was told")
	}
}

// TestProcNewFails checks that listeners that were open already are closed when another one cannot be opened.
func TestProcNewFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := freePort(t)
	text := "listener \"a\" { address = \"tcp://127.0.0.1:" + free + "\" }\nlistener \"b\" { address = \"tcp://" + taken.Addr().String() + "\" }\n" +
		"service \"app\" {\n command = [\"/bin/true\"]\n listeners = [\"a\", \"b\"]\n}\n"
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{})
	if err != nil {
		t.Fatal(err)
	}
	before := descriptors(os.Getpid())
	_, err = New(Options{Config: cfg, RuntimeDir: t.TempDir(), Log: hclog.NewNullLogger()})
	if err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("error %v", err)
	}
	if got := descriptors(os.Getpid()); got > before {
		t.Errorf("%d descriptors, had %d", got, before)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+free)
	if err != nil {
		t.Error(err)
	} else {
		l.Close()
	}
}

// TestProcScale checks the bounds of scale, and that workers come and go in their places.
func TestProcScale(t *testing.T) {
	r := newRig(t, quick("app", "")).started()
	for _, n := range []int{-1, config.MaxWorkers + 1} {
		if err := r.m.Scale(t.Context(), "app", n, nil); err == nil {
			t.Errorf("scaled to %d", n)
		}
	}
	for _, n := range []int{3, 1, 4, 0, 2} {
		if err := r.m.Scale(t.Context(), "app", n, nil); err != nil {
			t.Errorf("scale to %d: %v", n, err)
		}
	}
	r.awaitQuiet("app", 2)
	for _, w := range r.status().Services[0].Workers {
		dir := filepath.Join(r.dir, fmt.Sprintf("app.1.%d", w.Index))
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("worker %d has lost its folder: %v", w.Index, err)
		}
		if _, err := os.Stat(dir + ".notify"); err != nil {
			t.Errorf("worker %d has lost its notify socket: %v", w.Index, err)
		}
	}
}

// TestProcCallerGone checks that a caller that goes away stops waiting and stops nothing.
func TestProcCallerGone(t *testing.T) {
	r := newRig(t, quick("app", "")).started()
	r.rewrite(stuckUntilTold)
	for name, call := range map[string]func(ctx context.Context) error{
		"reload":  func(ctx context.Context) error { _, err := r.m.Reload(ctx, nil); return err },
		"restart": func(ctx context.Context) error { return r.m.Restart(ctx, "app", nil) },
		"status":  func(ctx context.Context) error { _, err := r.m.Status(ctx, []string{"app"}); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := call(ctx); err == nil && name != "status" || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "flag"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindRetire })
}

const stuckUntilTold = `service "app" {
	command = ["/bin/sleep", "1000"]
	nice    = 1
	ready {
		when     = "exec"
		command  = ["SELF", "worker", "exists", "DIR/flag"]
		interval = "20ms"
	}
}`
