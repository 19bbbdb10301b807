//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// TestScripts runs the real program as people do. The scripts have these commands beside testscript's own:
//
//	up ARGUMENT...        supervise with these arguments in the background, until all services have been ready;
//	                      it writes to up.out and up.err; $FIRST is the first folder of its PATH
//	code N PROGRAM...     like exec, with this exit code
//	await REGEXP [N]      until the N-th event, from the first on, fits as text
//	sig SIGNAL            to the supervise of up
//	down [N]              until it has ended, by SIGTERM if it was not told yet, with exit code N
//	await-log REGEXP [N]  until workers have printed N lines that fit, of those that are remembered
//	await-file FILE REGEXP  until a file has a line that fits, which another process writes
//	kill-worker SERVICE N the worker with this index, with SIGKILL
//	kill-manager          the manager, with SIGKILL, and until the next one is in charge
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "code": code, "await": await, "sig": sig, "down": down, "kill-worker": killWorker, "kill-manager": killManager, "await-log": awaitLog, "await-file": awaitFile,
		},
	})
}

// condition knows [all]: a missing program is a failure, as in CI.
func condition(name string) (bool, error) {
	if name == "all" {
		return os.Getenv("SUPERVISE_REQUIRE_ALL") != "", nil
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

// stageHand is what the commands of one script share.
type stageHand struct {
	cmd   *exec.Cmd
	ended chan struct{}
	state *error
}

type handKey struct{}

func setup(env *testscript.Env) error {
	hand := &stageHand{}
	env.Values[handKey{}] = hand
	env.Setenv("SOCK", filepath.Join(env.WorkDir, "c.sock"))
	env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "xdg"))
	env.Defer(func() {
		if hand.cmd == nil {
			return
		}
		hand.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-hand.ended:
		case <-time.After(soon):
			hand.cmd.Process.Kill()
			<-hand.ended
		}
	})
	return nil
}

func handOf(ts *testscript.TestScript) *stageHand { return ts.Value(handKey{}).(*stageHand) }

func up(ts *testscript.TestScript, _ bool, args []string) {
	out, err := os.Create(ts.MkAbs("up.out"))
	ts.Check(err)
	defer out.Close()
	errs, err := os.Create(ts.MkAbs("up.err"))
	ts.Check(err)
	defer errs.Close()
	env := append(os.Environ(), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"), "OUTER=secret", "PATH="+ts.Getenv("FIRST")+":"+os.Getenv("PATH"))
	hand := handOf(ts)
	hand.cmd, hand.ended, hand.state, err = launch(ts.MkAbs("."), out, errs, env, args...)
	if err != nil {
		ts.Fatalf("%v\n%s", err, ts.ReadFile("up.err"))
	}
}

func code(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	fits, err := regexp.Compile(args[0])
	ts.Check(err)
	n := 1
	if len(args) > 1 {
		n, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	s := &site{client: control.NewClient(ts.Getenv("SOCK"))}
	defer s.client.Close()
	var seen []string
	err = s.await(context.Background(), n, func(e supervisor.Event) bool {
		seen = append(seen, fmt.Sprintf("%s %d %s %s", e.Kind, e.Generation, e.Message, e.Error))
		return fits.MatchString(seen[len(seen)-1])
	})
	if err != nil {
		ts.Fatalf("%v; there were\n%s", err, strings.Join(seen, "\n"))
	}
}

func sig(ts *testscript.TestScript, _ bool, args []string) {
	known := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	ts.Check(handOf(ts).cmd.Process.Signal(known[args[0]]))
}

func down(ts *testscript.TestScript, _ bool, args []string) {
	want := 0
	if len(args) > 0 {
		want, _ = strconv.Atoi(args[0])
	}
	hand := handOf(ts)
	hand.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-hand.ended:
	case <-time.After(soon):
		ts.Fatalf("supervise did not end\n%s", ts.ReadFile("up.err"))
	}
	if got := hand.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, not %d\n%s", got, want, ts.ReadFile("up.err"))
	}
	hand.cmd = nil
}

func killWorker(ts *testscript.TestScript, _ bool, args []string) {
	c := control.NewClient(ts.Getenv("SOCK"))
	defer c.Close()
	s, err := c.Status(context.Background(), args[:1])
	ts.Check(err)
	for _, w := range s.Services[0].Workers {
		if strconv.Itoa(w.Index) == args[1] {
			ts.Check(syscall.Kill(w.PID, syscall.SIGKILL))
			return
		}
	}
	ts.Fatalf("there is no worker %s of %s", args[1], args[0])
}
