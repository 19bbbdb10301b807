//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Stderr, os.Args[1:])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// errLost stands for what the table says.
var errLost = errors.New("connections were lost that should not have been")

func run(ctx context.Context, out, errs io.Writer, args []string) error {
	var o options
	set := flag.NewFlagSet("servers", flag.ContinueOnError)
	set.SetOutput(errs)
	set.IntVar(&o.restarts, "restarts", 10, "`N` rollouts of each server")
	set.IntVar(&o.clients, "clients", 16, "`N` clients at the same time")
	set.IntVar(&o.connections, "connections", 10000, "at least `N` connections to each server")
	if err := set.Parse(args); err != nil {
		return err
	}
	list, err := choose(set.Args())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "supervise-servers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // servers give up root
		return err
	}
	t, err := build(ctx, here(), dir, list)
	if err != nil {
		return err
	}
	rows, err := t.measureAll(ctx, list, o, dir, errs)
	writeTable(out, rows, o.restarts)
	return err
}

// here is the folder of this file.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// measureAll goes on after a server that cannot be measured. What goes on is told to errs.
func (t tools) measureAll(ctx context.Context, list []server, o options, dir string, errs io.Writer) (rows []row, err error) {
	for _, s := range list {
		if missing := s.missing(); missing != "" {
			fmt.Fprintf(errs, "%s %s\n", s.name, missing)
			continue
		}
		fmt.Fprintf(errs, "%s ...\n", s.name)
		r, failed := t.measure(ctx, s, o, filepath.Join(dir, s.name))
		for _, words := range r.Failed {
			fmt.Fprintln(errs, "  "+words)
		}
		switch {
		case ctx.Err() != nil:
			return rows, ctx.Err()
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("cannot measure %s: %w", s.name, failed))
			continue
		case s.keeps && r.Lost() > 0:
			err = errors.Join(err, fmt.Errorf("%s: %w", s.name, errLost))
		}
		rows = append(rows, r)
	}
	return rows, err
}
