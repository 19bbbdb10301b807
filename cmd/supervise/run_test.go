//go:build linux

package main

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestAction(t *testing.T) {
	want := map[os.Signal]act{
		syscall.SIGHUP: actReload, syscall.SIGUSR1: actReopen, syscall.SIGUSR2: actUpgrade,
		syscall.SIGTERM: actEnd, syscall.SIGINT: actEnd, syscall.SIGPIPE: actNone,
	}
	for sig, a := range want {
		if got := action(sig); got != a {
			t.Errorf("%v is %d, want %d", sig, got, a)
		}
	}
	for _, sig := range handledSignals() {
		if action(sig) == actNone {
			t.Errorf("%v is handled and does nothing", sig)
		}
	}
}

// timeout(1) sends SIGTERM to us and then to our process group: that is one wish to stop, not two.
func TestPressRepeats(t *testing.T) {
	now := time.Now()
	first := press{syscall.SIGTERM, now}
	for name, c := range map[string]struct {
		press
		want bool
	}{
		"at once":    {press{syscall.SIGTERM, now.Add(time.Millisecond)}, true},
		"by a human": {press{syscall.SIGTERM, now.Add(repeatWithin)}, false},
		"another":    {press{syscall.SIGINT, now.Add(time.Millisecond)}, false},
	} {
		if got := c.repeats(first); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if first.repeats(press{}) {
		t.Error("the first signal repeats none")
	}
}

// TestSignalsEnd: after stop the goroutine is gone and the signals are the system's again.
func TestSignalsEnd(t *testing.T) {
	s := (&instance{app: &app{}}).watchSignals(func() {})
	s.stop()
	if signal.Ignored(syscall.SIGTERM) {
		t.Error("SIGTERM is ignored")
	}
}

func TestRunFlags(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		args []string
		want string // of the error; "" for none
	}{
		"a file":              {"a.hcl", nil, ""},
		"a command":           {"", []string{"--listen", "tcp://:1", "--workers", "2", "--", "./app", "-v"}, ""},
		"nothing":             {"", nil, "cannot run nothing"},
		"both":                {"a.hcl", []string{"--", "./app"}, "cannot run both"},
		"a file and workers":  {"a.hcl", []string{"--workers", "2"}, "--workers goes with a command"},
		"a file and a folder": {"a.hcl", []string{"--directory", "/"}, "--directory goes with a command"},
	} {
		t.Run(name, func(t *testing.T) {
			var r runner
			cmd := &cobra.Command{Use: "run"}
			r.flags(cmd)
			if err := cmd.ParseFlags(c.args); err != nil {
				t.Fatal(err)
			}
			r.command = cmd.Flags().Args()
			err := r.check(cmd, c.file)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err == nil {
				return
			}
			if code, _, hint := verdict(err); code != codeUsage || hint == "" {
				t.Errorf("exit code %d, hint %q", code, hint)
			}
		})
	}
}

func TestCommandIsUsage(t *testing.T) {
	_, err := runner{listen: []string{"web=nowhere"}, command: []string{"./app"}}.load("")
	var invalid *config.Error
	if code, _, _ := verdict(err); code != codeUsage || !errors.As(err, &invalid) {
		t.Errorf("%d, %v", code, err)
	}
	cfg, err := runner{listen: []string{"web=tcp://127.0.0.1:0"}, workers: 3, backlog: 5, command: []string{"./app"}}.load("")
	if err != nil || cfg.Services[0].Workers != 3 || cfg.Listeners[0].Backlog != 5 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

func TestSocketFor(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	file := &config.Config{Path: "x/web.hcl"}
	own := &config.Config{Path: "x/web.hcl", Control: config.Control{Address: config.Address{Network: "unix", Path: "/srv/c.sock"}}}
	hidden := &config.Config{Control: config.Control{Address: config.Address{Network: "unix", Path: "@c"}}}
	command := &config.Config{Services: []*config.Service{{Name: "app"}}}
	for _, c := range []struct {
		flag string
		cfg  *config.Config
		want string
		code int
	}{
		{"", file, self().defaultSocket("web.hcl"), 0},
		{"", command, self().defaultSocket("app"), 0},
		{"", own, "/srv/c.sock", 0},
		{"mine.sock", own, filepath.Join(here, "mine.sock"), 0},
		{"", hidden, "", codeConfig},
		{"tcp://127.0.0.1:1", file, "", codeUsage},
	} {
		got, err := (&app{control: c.flag}).socketFor(c.cfg)
		code := 0
		if err != nil {
			code, _, _ = verdict(err)
		}
		if got != c.want || code != c.code {
			t.Errorf("%q: %q, %v", c.flag, got, err)
		}
	}
}

// TestHelpIsComplete: every verb says what it does, and every flag too.
func TestHelpIsComplete(t *testing.T) {
	root := (&app{out: os.Stdout, err: os.Stderr}).root()
	want := "check completion doctor drill events hold listen logs presets promote release reload restart rollback run scale service signal start status stop take upgrade version"
	var names []string
	for _, verb := range root.Commands() {
		names = append(names, verb.Name())
		if verb.Short == "" || verb.GroupID == "" || verb.RunE == nil {
			t.Errorf("%s has no description, group or function", verb.Name())
		}
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("verbs are %q, want %q", got, want)
	}
}
