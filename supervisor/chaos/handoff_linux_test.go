package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass/wire"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// handoffs are the attributes of services whose workers sign in each way.
var handoffs = map[string]string{
	"newline":   `ready { when = "newline" }`,
	"crank":     `ready { when = "crank" }`,
	"uwsgi":     `ready { when = "uwsgi" }`,
	"pm2":       `ready { when = "pm2" }`,
	"upstart":   `ready { when = "upstart" }`,
	"tableflip": "handoff = [\"tableflip\"]\n  ready { when = \"notify\" }",
	"einhorn":   "handoff = [\"einhorn\"]\n  ready { when = \"notify\" }",
	"endless":   "handoff = [\"endless\"]\n  ready { when = \"notify\" }",
	"grace":     "handoff = [\"grace\"]\n  ready { when = \"notify\" }",
	"goagain":   "handoff = [\"goagain\"]\n  ready { when = \"notify\" }",
	"overseer":  "handoff = [\"overseer\"]\n  ready { when = \"notify\" }",
}

// staying are those whose parent stays: supervise knows the worker by that one.
var staying = map[string]bool{"endless": true, "overseer": true}

func signing(kind, attributes string) string {
	return fmt.Sprintf(`
listener "web" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["%s", "sign", "%s"]
  listeners = ["web"]
  %s
}`, self(), kind, attributes)
}

// TestProcChaosHandoffs has workers say that they are ready while no manager lives, in every way in which that can be said: the next one
// hears it, the rollout goes on, and how the worker ends is known.
func TestProcChaosHandoffs(t *testing.T) {
	for kind, attributes := range handoffs {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, signing(kind, attributes))
			pid := s.signInSilence(t)
			after := s.await(t, "generation 2 is ready", func(st supervisor.Status) string {
				if missing := settled(st); missing != "" || st.Services[0].Generation != 2 {
					return "generation 1 still; " + missing
				}
				return ""
			})
			w := after.Services[0].Workers[0]
			if w.PID != pid && !staying[kind] {
				t.Errorf("the worker is process %d, supervise follows %d", pid, w.PID)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			s.await(t, "the worker is started again", func(st supervisor.Status) string {
				if missing := settled(st); missing != "" || st.Services[0].Restarts != 1 {
					return "not started again; " + missing
				}
				return ""
			})
			s.awaitSaid(t, "was killed by SIGKILL")
		})
	}
}

// signInSilence has the worker of the next generation say that it is ready while the manager is stopped, which is then killed. It gives the pid
// of that worker.
func (s *site) signInSilence(t *testing.T) int {
	t.Helper()
	starting, free, said := make(chan point, 1), make(chan struct{}), make(chan struct{})
	s.gate.rule(func(ctx context.Context, p point) string {
		switch {
		case p.generation != 2:
		case p.what == "starting":
			select {
			case starting <- p:
			default: // one that was started again
				return goOn
			}
			select {
			case <-free:
			case <-ctx.Done():
			}
		case p.what == "said":
			select {
			case <-said:
			default:
				close(said)
			}
		}
		return goOn
	})
	ctx, cancel := bounded(t)
	defer cancel()
	go func() { _ = s.client.Restart(ctx, "app", nil) }() // breaks off when its manager is killed
	candidate := <-starting
	old := s.manager()
	victim := openProcess(t, old)
	if err := victim.signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.awaitProcess(t, func() bool { return frozen(old) })
	close(free)
	if s.isUpstart() {
		s.awaitStopped(t, candidate.pid)
	} else {
		<-said
	}
	if err := victim.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	victim.gone(t)
	return candidate.pid
}

// frozen is whether every thread of a process has stopped: until then one may still take in a word, and has it to itself.
func frozen(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	return len(threads) > 0 && !slices.ContainsFunc(threads, func(path string) bool { return !isStopped(path) })
}

// isStopped is whether /proc/PID/stat tells of a process, or thread, that is stopped.
func isStopped(path string) bool {
	b, _ := os.ReadFile(path)
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "T")
}

// isUpstart is whether the worker stops itself and so cannot say anything else.
func (s *site) isUpstart() bool {
	text, _ := os.ReadFile(s.path("app.hcl"))
	return strings.Contains(string(text), `"upstart"`)
}

// awaitStopped asks the kernel until it has happened: nothing else can be waited for.
func (s *site) awaitStopped(t *testing.T, pid int) {
	t.Helper()
	s.awaitProcess(t, func() bool { return isStopped(fmt.Sprintf("/proc/%d/stat", pid)) })
}

func (s *site) awaitProcess(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := bounded(t)
	defer cancel()
	for !done() {
		if ctx.Err() != nil {
			t.Fatal("it does not happen")
		}
	}
}

// TestProcChaosStore has descriptors that workers store outlive workers, generations and managers, and not the service.
func TestProcChaosStore(t *testing.T) {
	s := newSite(t, signing("store", "fd_store = 2\n  ready { when = \"notify\" }"))
	s.killManager(t)
	ctx, cancel := bounded(t)
	defer cancel()
	for range 2 {
		if err := s.client.Restart(ctx, "app", nil); err != nil {
			t.Fatal(err)
		}
	}
	s.killManager(t)
	if err := s.client.Stop(ctx, "app", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Start(ctx, "app", nil); err != nil {
		t.Fatal(err)
	}
	noted := s.hooks(t)
	for _, want := range []string{
		"1 was given web, may store 2", "2 was given web:mem, may store 2", "2 reads memory of 1",
		"3 was given web:mem:mem, may store 2", "3 reads memory of 1", "3 reads memory of 2", // it has no room for a third
		"4 was given web, may store 2",
	} {
		if noted[want] != 1 {
			t.Errorf("not noted: %q", want)
		}
	}
	if len(noted) != 7 {
		t.Errorf("noted: %v", noted)
	}
	s.awaitSaid(t, "descriptor not stored")
	if out := s.out.String(); strings.Count(out, "descriptor not stored") != 1 {
		t.Error("that there is no room was not told once")
	}
	if left, _ := filepath.Glob(s.path("*.run/app.[123].*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestProcChaosServed has sockets taken at the socket that is served to a worker by a manager that did not open it.
func TestProcChaosServed(t *testing.T) {
	s := newSite(t, signing("newline", "handoff = [\"s6-fdholder\"]\n  ready { when = \"newline\" }"))
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pids(s.mustStatus(t), "app")["1/0"]))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(environ), "\x00NOTIFY_SOCKET=")
	folder, _, _ := strings.Cut(rest, ".notify\x00")
	ctx, cancel := bounded(t)
	defer cancel()
	for range 2 {
		s.killManager(t)
		d, err := wire.FetchFDHolder(ctx, filepath.Join(folder, "fdholder.sock"), "web")
		if err != nil {
			t.Fatal(err)
		}
		_ = d.Close()
	}
	if err := s.client.Stop(ctx, "app", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}
