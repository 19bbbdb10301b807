//go:build linux

package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// application is a service of two workers that runs ./app, and gives up on a new generation soon.
const application = `
listener "web" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["./app"]
  listeners = ["web"]
  workers   = 2
  ready {
    when    = "notify"
    timeout = "%s"
  }
}`

const goodVersion = "#!/bin/sh\nexec worker\n"

// load drills the site's own listener with as many connections as are asked for while meanwhile runs once.
func (s *site) load(t *testing.T, connections int, meanwhile func(ctx context.Context) error) drill.Result {
	t.Helper()
	target, err := drill.Dialable(s.status(t).Listeners[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := drill.Run(t.Context(), drill.Options{
		Targets: []drill.Target{target}, HTTP: "/", Connections: connections, Restarts: 1, Timeout: soon,
		Restart: func(ctx context.Context, _ int) error { return meanwhile(ctx) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProcBadVersion deploys versions that cannot work, under load: nobody notices.
func TestProcBadVersion(t *testing.T) {
	for name, c := range map[string]struct {
		timeout, text string
		mode          os.FileMode
		want          []string
	}{
		"exits":          {"60s", "#!/bin/sh\necho cannot open the database\nexit 3\n", 0o755, []string{"exited with status 3", "| cannot open the database"}},
		"hangs":          {"5s", "#!/bin/sh\necho waiting for the moon\nexec sleep 1000\n", 0o755, []string{"5s", "| waiting for the moon"}},
		"not executable": {"60s", goodVersion, 0o644, []string{`cannot run "./app": it is not executable`}},
		"no interpreter": {"60s", "#!/no/such/interpreter\n", 0o755, []string{"does not exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := "60s"
			s := newSite(t, fmt.Sprintf(application, timeout), map[string]string{"app": goodVersion})
			before := s.pids(t, "app")
			s.write(t, "app", c.text, c.mode)
			if c.timeout != timeout {
				s.write(t, "app.hcl", fmt.Sprintf(application, c.timeout), 0o644)
				if code, _, errs := s.verb(t, "reload"); code != 0 {
					t.Fatal(errs)
				}
			}
			r := s.load(t, 3000, func(context.Context) error {
				code, out, errs := s.verb(t, "restart", "app")
				for _, want := range append(c.want, "generation 1 goes on") {
					if !strings.Contains(errs, want) {
						t.Errorf("%q is not in:\n%s", want, errs)
					}
				}
				if code != codeFailed {
					t.Errorf("exit code %d\n%s", code, out)
				}
				return nil
			})
			if r.Lost() != 0 {
				t.Errorf("lost: %+v", r)
			}
			if after := s.pids(t, "app"); !maps.Equal(before, after) {
				t.Errorf("workers were %v and are %v", before, after)
			}
		})
	}
}

// TestProcKilledWorker kills a worker under load: what it had is lost with it, but nobody is refused, and it comes back.
func TestProcKilledWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t, fmt.Sprintf(application, "60s"), map[string]string{"app": goodVersion})
	victim := s.pids(t, "app")[0]
	r := s.load(t, 5000, func(ctx context.Context) error {
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
			return err
		}
		return s.await(ctx, 1, func(e supervisor.Event) bool {
			return e.Kind == supervisor.KindWorkerReady && *e.Worker == 0 && e.PID != victim
		})
	})
	if r.Refused != 0 || r.Timeout != 0 || r.Other != 0 {
		t.Errorf("refused %d, timeout %d, other %d: %q", r.Refused, r.Timeout, r.Other, r.Failed)
	}
	if n := s.status(t).Services[0].Restarts; n != 1 {
		t.Errorf("%d restarts", n)
	}
}

// TestProcManyRestarts counts the descriptors of supervise and of a worker.
func TestProcManyRestarts(t *testing.T) {
	t.Parallel()
	restarts := 1000
	if testing.Short() || raceEnabled {
		restarts = 50
	}
	s := newSite(t, `
listener "web" { address = "tcp://127.0.0.1:0" }
listener "local" { address = "unix://local.sock" }
service "app" {
  command   = ["sh", "-c", "echo up; sleep 100000 & wait"] # speaks when its libraries are closed
  listeners = ["web", "local"]
  ready {
    when    = "log"
    pattern = "^up$"
  }
}`, nil)
	s.restart(t) // what is made once, on first use, exists after this
	supervise, worker := s.descriptors(t)
	for range restarts {
		s.restart(t)
	}
	supervise2, worker2 := s.descriptors(t)
	// Control connections that are just being opened or closed are descriptors too. They go; a leak stays.
	for range 200 {
		if len(supervise2) <= len(supervise)+1 {
			break
		}
		supervise2, worker2 = s.descriptors(t)
	}
	if len(supervise2) > len(supervise)+1 {
		t.Errorf("supervise had %d descriptors and has %d after %d restarts:\n%q\n%q", len(supervise), len(supervise2), restarts, supervise, supervise2)
	}
	if len(worker) != 5 || len(worker2) != 5 {
		t.Errorf("a worker has 0, 1, 2 and its listeners; the first had %q, the last %q", worker, worker2)
	}
	if g := s.status(t).Services[0].Generation; g != restarts+2 {
		t.Errorf("generation %d after %d restarts", g, restarts+1)
	}
}

func (s *site) restart(t *testing.T) {
	t.Helper()
	if err := s.client.Restart(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
}

// descriptors are what is open in supervise and in worker 0, once the connection that asks is idle again.
func (s *site) descriptors(t *testing.T) (supervise, worker []string) {
	t.Helper()
	pid := s.pids(t, "app")[0]
	return open(t, s.cmd.Process.Pid), open(t, pid)
}

func open(t *testing.T, pid int) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		target, _ := os.Readlink(dir + "/" + e.Name())
		list = append(list, e.Name()+" "+target)
	}
	return list
}
