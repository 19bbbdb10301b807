//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

func killManager(ts *testscript.TestScript, _ bool, _ []string) {
	c := control.NewClient(ts.Getenv("SOCK"))
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	before, err := c.Brief(ctx, nil)
	ts.Check(err)
	killed := time.Now()
	ts.Check(syscall.Kill(before.ManagerPID, syscall.SIGKILL))
	found := errors.New("found")
	err = control.NewPatient(c, nil).Events(ctx, true, func(e supervisor.Event) error {
		if e.Kind == supervisor.KindTakenOver && e.Time.After(killed) {
			return found
		}
		return nil
	})
	if err != found {
		ts.Fatalf("no other manager has taken over: %v\n%s", err, ts.ReadFile("up.err"))
	}
}

func awaitLog(ts *testscript.TestScript, _ bool, args []string) {
	fits, err := regexp.Compile(args[0])
	ts.Check(err)
	left := 1
	if len(args) > 1 {
		left, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	c := control.NewClient(ts.Getenv("SOCK"))
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	found := errors.New("found")
	err = c.Logs(ctx, "", 1000, true, func(l output.Line) error {
		if fits.MatchString(l.Text) {
			left--
		}
		if left == 0 {
			return found
		}
		return nil
	})
	if err != found {
		ts.Fatalf("nobody has printed %q: %v", args[0], err)
	}
}

func awaitFile(ts *testscript.TestScript, _ bool, args []string) {
	fits, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	began := time.Now()
	for {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && fits.Match(text) {
			return
		}
		if time.Since(began) > soon {
			ts.Fatalf("%s has no %q: %v\n%s", args[0], args[1], err, text)
		}
		<-time.After(time.Millisecond)
	}
}
