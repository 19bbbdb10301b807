//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// site is a running supervise in a folder of its own.
type site struct {
	dir       string
	socket    string
	cmd       *exec.Cmd
	client    *control.Client
	ended     chan struct{} // closed when it is gone
	log       *record
	out, errs io.Writer // of supervise; nil: log
}

// launch starts supervise in dir with these arguments and waits until it says READY=1 to its outer service manager, which is
// us, or is gone. env is added to the environment.
func launch(dir string, out, errs io.Writer, env []string, args ...string) (*exec.Cmd, chan struct{}, *error, error) {
	program, err := exec.LookPath("supervise")
	if err != nil {
		return nil, nil, nil, err
	}
	path := filepath.Join(dir, "outer.notify")
	_ = os.Remove(path) // of the one before
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path})
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(env, "NOTIFY_SOCKET="+notify.LocalAddr().String())
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		return nil, nil, nil, err
	}
	ended, state := make(chan struct{}), new(error)
	go func() {
		*state = cmd.Wait()
		close(ended)
	}()
	ready := make(chan struct{})
	go awaitReady(notify, ready)
	select {
	case <-ready:
		return cmd, ended, state, nil
	case <-ended:
		return cmd, ended, state, fmt.Errorf("supervise ended before it was ready: %v", *state)
	case <-time.After(soon):
		cmd.Process.Kill()
		return cmd, ended, state, errors.New("supervise is not ready")
	}
}

// awaitReady reads what is said until it is READY=1, and on, so that nobody who says something waits.
func awaitReady(c *net.UnixConn, ready chan struct{}) {
	defer c.Close()
	buf := make([]byte, 4096)
	for said := false; ; {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if !said && strings.Contains(string(buf[:n]), "READY=1") {
			said = true
			close(ready)
		}
		if strings.Contains(string(buf[:n]), "STOPPING=1") {
			return
		}
	}
}

// newSite runs a configuration and waits until its services are ready. files are made beside it: name and text, executable.
func newSite(t *testing.T, config string, files map[string]string) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{dir: dir, socket: filepath.Join(dir, "c.sock"), log: &record{}}
	s.write(t, "app.hcl", config, 0o644)
	for name, text := range files {
		s.write(t, name, text, 0o755)
	}
	return s.launch(t, "--config", "app.hcl")
}

func (s *site) launch(t *testing.T, args ...string) *site {
	t.Helper()
	if s.out == nil {
		s.out = s.log
	}
	if s.errs == nil {
		s.errs = s.log
	}
	cmd, ended, state, err := launch(s.dir, s.out, s.errs, os.Environ(), append(args, "--control", s.socket)...)
	if cmd != nil {
		s.cmd, s.ended = cmd, ended
		t.Cleanup(func() { s.stop(t, state) })
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	s.client = control.NewClient(s.socket)
	t.Cleanup(s.client.Close)
	return s
}

// stop ends it gracefully, and shows what it said when the test has failed.
func (s *site) stop(t *testing.T, state *error) {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(soon):
		s.cmd.Process.Kill()
		<-s.ended
		t.Error("supervise did not stop")
	}
	if *state != nil {
		t.Errorf("supervise ended with %v", *state)
	}
	if t.Failed() {
		said := s.log.String()
		t.Logf("supervise said at the end:\n%s", said[max(0, len(said)-4000):])
	}
}

// write replaces a file at once, as a deploy should.
func (s *site) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	// What is forked meanwhile has what the file is written through until it runs its program, and so long nobody can run the file (ETXTBSY,
	// execve(2)).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	err := errors.Join(os.WriteFile(path+".new", []byte(text), mode), os.Chmod(path+".new", mode), os.Rename(path+".new", path))
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) status(t *testing.T) supervisor.Status {
	t.Helper()
	status, err := s.client.Brief(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// pids are those of the current generation's workers, by index.
func (s *site) pids(t *testing.T, service string) map[int]int {
	t.Helper()
	pids := map[int]int{}
	for _, svc := range s.status(t).Services {
		for _, w := range svc.Workers {
			if svc.Name == service && w.Generation == svc.Generation {
				pids[w.Index] = w.PID
			}
		}
	}
	return pids
}

// verb runs supervise with arguments and gives its exit code and what it wrote.
func (s *site) verb(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	cmd := exec.Command(program(t, "supervise"), append(args, "--control", s.socket)...)
	cmd.Dir = s.dir
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// await follows the events from the first on until one fits, n times.
func (s *site) await(ctx context.Context, n int, fits func(supervisor.Event) bool) error {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	found := errors.New("found")
	err := s.client.Events(ctx, true, func(e supervisor.Event) error {
		if fits(e) {
			n--
		}
		if n == 0 {
			return found
		}
		return nil
	})
	if err == found {
		return nil
	}
	return fmt.Errorf("the event did not come: %v", err)
}
