package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

type drillFlags struct {
	restarts, clients, connections int
	http                           string
	timeout                        time.Duration
	json                           bool
}

func (a *app) drillVerb() *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use:   "drill SERVICE",
		Short: "Restart a service under load and count every lost connection",
		Long: `Connects to the listeners of a service, one connection after another from several clients at once, restarts the service meanwhile, and
counts what was lost: connections refused, reset, closed before a response, not answered in time. The exit code is 1 if
anything was lost or a restart failed. Until then standard error says how far it is, every 5 seconds where it is no terminal, and
never with --json. The load is real: it takes part in the service's own statistics and limits.`,
		Args:              arguments(1, 1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.restarts < 0 || f.clients < 1 || f.connections < 1 || f.timeout <= 0 {
				return usage(cmd, "cannot drill: restarts must be 0 or more, clients, connections and timeout more than 0")
			}
			if f.http != "" && !drill.IsPath(f.http) {
				return usage(cmd, `cannot drill: %q is no HTTP path: it must begin with "/" and hold no spaces or control characters`, f.http)
			}
			return a.withClient(func(ctx context.Context, c *control.Client) error { return a.drill(ctx, c, f, args[0]) })
		},
	}
	cmd.Flags().IntVar(&f.restarts, "restarts", 20, "restart `N` times")
	cmd.Flags().IntVar(&f.clients, "clients", 16, "`N` clients at the same time")
	cmd.Flags().IntVar(&f.connections, "connections", 20000, "at least `N` connections")
	cmd.Flags().StringVar(&f.http, "http", "", "ask for this `PATH` over HTTP; without it only connect")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "`TIME` in which a connection must be answered")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (a *app) drill(ctx context.Context, c *control.Client, f drillFlags, service string) error {
	targets, err := targets(ctx, c, service)
	if err != nil {
		return err
	}
	p := control.NewPatient(c, func() { fmt.Fprintln(a.err, replacedText) })
	progress, tick, finished := a.drillProgress(f, service)
	result, err := drill.Run(ctx, drill.Options{
		Targets: targets, Clients: f.clients, HTTP: f.http, Timeout: f.timeout, Restarts: f.restarts, Connections: f.connections,
		Restart:  func(ctx context.Context, _ int) error { return p.Restart(ctx, service, nil) },
		Progress: progress, Tick: tick,
	})
	finished()
	if ctx.Err() != nil {
		return a.interrupted(err)
	}
	return errors.Join(a.printDrill(f, result), drillError(err, result))
}

// drillError makes lost connections a failure; what they mean has been printed.
func drillError(err error, r drill.Result) error {
	if err != nil {
		return err
	}
	if r.Lost() > 0 {
		return &exitError{code: codeFailed}
	}
	return nil
}

func (a *app) printDrill(f drillFlags, r drill.Result) error {
	if f.json {
		return json.NewEncoder(a.out).Encode(r)
	}
	_, err := fmt.Fprint(a.out, view.Drill(r, a.paint(a.out)))
	return err
}

// drillProgress draws one line on a terminal; elsewhere, as in the log of a build, there is a line for every few seconds.
func (a *app) drillProgress(f drillFlags, service string) (show func(drill.Progress), tick <-chan time.Time, finished func()) {
	if f.json {
		return nil, nil, func() {}
	}
	if !isTerminal(a.err) {
		tick, finished = a.ticks(drillEvery)
		return func(p drill.Progress) { fmt.Fprintf(a.err, "drill of %s: %s\n", service, view.DrillProgress(p)) }, tick, finished
	}
	tick, stop := a.ticks(view.TickEvery)
	return func(p drill.Progress) { fmt.Fprint(a.err, "\r\x1b[K", view.DrillProgress(p)) }, tick, func() {
		stop()
		fmt.Fprint(a.err, "\r\x1b[K")
	}
}

// drillEvery is the time from one line to the next.
const drillEvery = 5 * time.Second

// ticks is the clock of the system, or one that a test holds.
func (a *app) ticks(every time.Duration) (<-chan time.Time, func()) {
	if a.tick != nil {
		return a.tick, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// targets are the stream listeners of the service itself.
func targets(ctx context.Context, c *control.Client, service string) ([]drill.Target, error) {
	s, err := c.Brief(ctx, []string{service})
	if err != nil {
		return nil, err
	}
	var list []drill.Target
	var refused []string
	for _, l := range ownListeners(s, service) {
		target, err := drill.Dialable(l.Address)
		if err != nil {
			refused = append(refused, err.Error())
			continue
		}
		list = append(list, target)
	}
	switch {
	case len(list) > 0:
		return list, nil
	case len(refused) > 0:
		return nil, errors.New(strings.Join(refused, "\n"))
	}
	return nil, fmt.Errorf("cannot drill service %q: it has no listener to connect to", service)
}

func ownListeners(s supervisor.Status, service string) []supervisor.ListenerStatus {
	return slices.DeleteFunc(slices.Clone(s.Listeners), func(l supervisor.ListenerStatus) bool { return !slices.Contains(l.Services, service) })
}
