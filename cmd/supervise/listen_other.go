//go:build !windows

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// listen returns only with an error.
func (a *app) listen(ctx context.Context, c *control.Client, names, handoff, command []string) error {
	status, err := c.Brief(ctx, nil)
	if err != nil {
		return err
	}
	if err := areListeners(status, names); err != nil {
		return err
	}
	list, err := fdpass.Request(ctx, c.Path(), names...)
	if err != nil {
		return err
	}
	plan, places, err := handOver(list, handoff, command)
	if err != nil {
		return err
	}
	return withNumbers(list, nil, func(fds []int) error {
		from := make([]int, 0, len(places))
		for _, socket := range places {
			from = append(from, fds[socket])
		}
		return stage.InPlace(plan, from)
	})
}

// areListeners finds slips of the finger before anything is asked for.
func areListeners(s supervisor.Status, names []string) error {
	known := map[string]bool{}
	var list []string
	for _, l := range s.Listeners {
		known[l.Name] = true
		list = append(list, l.Name)
	}
	for _, name := range names {
		if !known[name] {
			return &exitError{code: codeUsage, err: fmt.Errorf("there is no listener %q%s", name, hintName("listener", name, list))}
		}
	}
	return nil
}

// handOver works out what the command gets: its variables, its numbers, and which listener is at each.
func handOver(list []fdpass.Named, handoff, command []string) (p stage.Plan, places []int, err error) {
	in := dialect.Input{Generation: 1, Command: command, Environ: os.Environ()} // without a folder of its own
	for _, n := range list {
		at, err := fdpass.AddressOf(n.Descriptor)
		if err != nil {
			return stage.Plan{}, nil, fmt.Errorf("cannot tell what listener %q is: %w", n.Name, err)
		}
		in.Sockets = append(in.Sockets, dialect.Socket{Name: n.Name, Network: at.Network, Host: at.Host, Port: int(at.Port), Path: at.Path})
	}
	how, err := dialect.Combine(handoff, in)
	if err != nil {
		return stage.Plan{}, nil, &exitError{code: codeUsage, err: err}
	}
	if len(how.Channels) > 0 || len(how.Serve) > 0 || how.Parent != nil {
		return stage.Plan{}, nil, &exitError{code: codeUsage, err: fmt.Errorf("cannot hand over by %s: it takes a supervise that stays, run the command as a service",
			strings.Join(handoff, ", "))}
	}
	if command, err = dialect.Arguments(handoff, in, how, command); err != nil {
		return stage.Plan{}, nil, err
	}
	p = stage.Plan{
		Command: command, Env: append(withoutHandoff(os.Environ()), how.Env...),
		OwnPID: how.OwnPID, ParentPID: how.ParentPID, ParentPIDPrefixed: how.ParentPIDPrefixed, OwnPIDFDID: how.OwnPIDFDID,
	}
	for _, n := range how.Numbers {
		p.Numbers = append(p.Numbers, n.FD)
		places = append(places, n.Socket)
	}
	return p, places, nil
}

// withoutHandoff leaves out what told this process of sockets of its own, and where to say that it is ready: the command is no worker.
func withoutHandoff(environ []string) []string {
	var rest []string
	for _, kv := range environ {
		if key, _, _ := strings.Cut(kv, "="); !dialect.Owns(key) && !dialect.OwnsReady(key) && key != "NOTIFY_SOCKET" {
			rest = append(rest, kv)
		}
	}
	return rest
}

// withNumbers keeps all descriptors of a list open while f has their numbers.
func withNumbers(list []fdpass.Named, fds []int, f func(fds []int) error) error {
	if len(list) == 0 {
		return f(fds)
	}
	return list[0].Descriptor.Use(func(fd int) error { return withNumbers(list[1:], append(fds, fd), f) })
}
