//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal gives both ends of a pseudo terminal, pty(7).
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(ours.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	return ours, theirs
}

// onTerminal runs a verb whose output is a terminal and gives what was drawn.
func (s *site) onTerminal(t *testing.T, env []string, args ...string) (code int, drawn string) {
	t.Helper()
	ours, theirs := terminal(t)
	cmd := exec.Command(program(t, "supervise"), append(args, "--control", s.socket)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, theirs, theirs
	err := cmd.Start()
	theirs.Close() // the verb has it: when it ends, reading ends with EIO
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(ours)
	if !errors.Is(err, unix.EIO) {
		t.Errorf("reading the terminal: %v", err)
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), string(text)
}

// TestProcTerminal: colours and a live view of the steps, and neither when they are not wanted.
func TestProcTerminal(t *testing.T) {
	t.Parallel()
	s := newSite(t, `service "app" {
  command = ["./app"]
  ready {
    when    = "log"
    pattern = "ready"
  }
}`, map[string]string{"app": "#!/bin/sh\necho ready\nexec sleep 1000\n"})
	draws := func(env []string, code int, patterns []string, args ...string) {
		t.Helper()
		got, drawn := s.onTerminal(t, append([]string{"TERM=xterm", "NO_COLOR="}, env...), args...)
		if got != code {
			t.Errorf("%q: exit code %d", args, got)
		}
		for _, p := range patterns {
			if !regexp.MustCompile(p).MatchString(drawn) {
				t.Errorf("%q does not draw %q:\n%q", args, p, drawn)
			}
		}
		if strings.Contains(drawn, "\x1b[3") && len(env) > 0 {
			t.Errorf("%q has colours:\n%q", args, drawn)
		}
	}
	steps := []string{`✓\S* ready +generation 2 is ready`, `✓\S* promote`, `✓\S* retire +generation 1 is gone`, `✓\S* \S*done`, `\r\x1b\[K`}
	draws(nil, 0, steps, "restart", "app")
	draws(nil, 0, []string{`\x1b\[32mrunning\x1b\[0m`}, "status")
	draws([]string{"NO_COLOR=1"}, 0, []string{`app +running`}, "status")
	draws([]string{"TERM=dumb"}, 0, []string{`app +running`}, "status")
	s.write(t, "app", "#!/bin/sh\necho boom\nexit 3\n", 0o755)
	draws(nil, 1, []string{`✗\S* worker`, `✗\S* rollback`, `\x1b\[31msupervise:\x1b\[0m cannot roll out`, `\| boom`}, "restart", "app")
	draws(nil, 0, []string{`\x1b\[[\d;]+m\S*app.1`, `boom`}, "logs")
}

// TestProcIntroduction is what the terminal shows when supervise starts on it.
func TestProcIntroduction(t *testing.T) {
	t.Parallel()
	ours, theirs := terminal(t)
	s := &site{dir: t.TempDir(), log: &record{}, out: theirs, errs: theirs}
	s.socket = s.dir + "/c.sock"
	s.write(t, "app.hcl", `listener "web" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["worker"]
  listeners = ["web"]
}`, 0o644)
	s.launch(t, "--config", "app.hcl")
	theirs.Close()
	s.cmd.Process.Signal(unix.SIGTERM)
	text, _ := io.ReadAll(ours) // ends with EIO
	for _, p := range []string{`listener\S* +\S*web\S* +tcp://127.0.0.1:\d+ +backlog \d+`, `service\S* +\S*app\S* +on web`} {
		if !regexp.MustCompile(p).Match(text) {
			t.Errorf("no %q in\n%s", p, text)
		}
	}
}
