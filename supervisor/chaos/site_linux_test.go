package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// site is a running supervise in a folder of its own.
type site struct {
	dir    string // short: the paths of unix sockets are bounded
	mark   string // in the environment of everything that runs here
	cmd    *exec.Cmd
	gate   *gate
	client *control.Client
	out    *record // what it writes, both ways
	ended  chan struct{}
	state  error // how it ended; once ended is closed
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// keeper is its pid.
func (s *site) keeper() int { return s.cmd.Process.Pid }

// record collects output; it may be read meanwhile.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// newSite runs a configuration until the end of the test and waits until its services are ready. The program is a copy, which the
// test may replace.
func newSite(t testing.TB, config string) *site {
	t.Helper()
	return newSiteTo(t, config, nil)
}

// newSiteTo is newSite with a place for supervise's standard output.
func newSiteTo(t testing.TB, config string, stdout io.Writer) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{dir: dir, mark: "CHAOS_SITE=" + dir, out: &record{}, ended: make(chan struct{})}
	s.gate = newGate(t, s.path("gate"))
	s.install(t, program)
	s.write(t, "app.hcl", config)
	s.cmd = exec.Command(s.path("supervise"), "--config", "app.hcl", "--control", s.path("c.sock"))
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, s.out, s.out
	if stdout != nil {
		s.cmd.Stdout = stdout
	}
	s.cmd.Env = append(os.Environ(), s.mark, gateVariable+"="+s.path("gate"), "CHAOS_HOOKS="+s.path("hooks"))
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.state = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() { s.stop(t) })
	s.client = control.NewClient(s.path("c.sock"))
	t.Cleanup(s.client.Close)
	s.await(t, "everything is ready", settled)
	return s
}

// install makes a copy of file the program on disk, at once.
func (s *site) install(t testing.TB, file string) {
	t.Helper()
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	s.installText(t, text)
}

// installText makes text the program on disk. Another process writes it: what a program is written through is inherited by whatever
// this one forks meanwhile, and as long as somebody has it open for writing nobody can run it (ETXTBSY, execve(2)).
func (s *site) installText(t testing.TB, text io.Reader) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "cat >new && chmod 755 new && mv new supervise")
	cmd.Dir, cmd.Stdin = s.dir, text
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// write replaces a file at once, as a deploy should.
func (s *site) write(t testing.TB, name, text string) {
	t.Helper()
	path := s.path(name)
	err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path))
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends everything gracefully. Nothing of it may be left then.
func (s *site) stop(t testing.TB) {
	s.gate.rule(nil)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Error("supervise does not stop")
		s.cmd.Process.Kill()
		<-s.ended
	}
	if s.state != nil {
		t.Errorf("supervise ended with %v", s.state)
	}
	if left := marked(t, s.mark); len(left) > 0 {
		t.Errorf("processes are left over: %v", left)
		killAll(left)
	}
	if t.Failed() {
		said := s.out.String()
		t.Logf("supervise said at the end:\n%s", said[max(0, len(said)-6000):])
	}
}

// bounded ends with the test, or when anything takes too long.
func bounded(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), patience)
}

// status is asked on a connection of its own: an idle one may lead to a manager that is gone.
func (s *site) status(ctx context.Context) (supervisor.Status, error) {
	c := control.NewClient(s.path("c.sock"))
	defer c.Close()
	return c.Brief(ctx, nil)
}

func (s *site) mustStatus(t testing.TB) supervisor.Status {
	t.Helper()
	ctx, cancel := bounded(t)
	defer cancel()
	status, err := s.status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// await asks for the status again and again until it fits, and gives it. fits says what is missing, "" when nothing is.
func (s *site) await(t testing.TB, what string, fits func(supervisor.Status) string) supervisor.Status {
	t.Helper()
	ctx, cancel := bounded(t)
	defer cancel()
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for missing := ""; ; {
		status, err := s.status(ctx)
		switch {
		case err == nil:
			if missing = fits(status); missing == "" {
				return status
			}
		default:
			missing = err.Error()
		}
		select {
		case <-pace.C:
		case <-s.ended:
			t.Fatalf("supervise ended (%v) before %s", s.state, what)
		case <-ctx.Done():
			t.Fatalf("given up waiting until %s: %s", what, missing)
		}
	}
}

// awaitSaid waits until supervise has written a text: it comes through a pipe, and may be later than an answer.
func (s *site) awaitSaid(t testing.TB, text string) {
	t.Helper()
	s.await(t, "it says "+text, func(supervisor.Status) string {
		if !strings.Contains(s.out.String(), text) {
			return "it has not said so"
		}
		return ""
	})
}

// settled is whether nothing is going on: each service has just the workers of one generation, all ready.
func settled(status supervisor.Status) string {
	if status.Upgrading {
		return "it is being upgraded"
	}
	for _, svc := range status.Services {
		if svc.Rollout != nil || svc.State != "running" {
			return fmt.Sprintf("%s is %s, %+v", svc.Name, svc.State, svc.Rollout)
		}
		for _, w := range svc.Workers {
			if w.Phase != "ready" || w.Generation != svc.Generation {
				return fmt.Sprintf("%s has %+v", svc.Name, w)
			}
		}
	}
	if len(status.Services) == 0 {
		return "there are no services yet"
	}
	return ""
}

// pids are those of a service's workers, "generation/index" to pid.
func pids(status supervisor.Status, service string) map[string]int {
	found := map[string]int{}
	for _, svc := range status.Services {
		for _, w := range svc.Workers {
			if svc.Name == service {
				found[fmt.Sprintf("%d/%d", w.Generation, w.Index)] = w.PID
			}
		}
	}
	return found
}

// verb runs a command of supervise and gives its exit code and what it wrote.
func (s *site) verb(t testing.TB, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := bounded(t)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, "--control", s.path("c.sock"))...)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(out))
}
