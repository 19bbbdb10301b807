package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

type statusFlags struct{ json, watch bool }

func (a *app) statusVerb() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status [SERVICE...]",
		Short: "Show listeners, services and workers",
		Long: `Shows every listener with its backlog and queue, every service and every worker. --json prints one object whose keys do not change;
with --watch there is another one, on a line of its own, after each change.`,
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.withClient(func(ctx context.Context, c *control.Client) error { return a.status(ctx, c, f, names) })
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "show it again after each change, until Ctrl-C")
	return cmd
}

func (a *app) status(ctx context.Context, c *control.Client, f statusFlags, names []string) error {
	p := control.NewPatient(c, nil)
	if f.watch {
		return a.watch(a.whileRead(ctx), p, f, names)
	}
	s, err := p.Status(ctx, names)
	if err != nil {
		return err
	}
	return a.printStatus(s, f)
}

func (a *app) printStatus(s supervisor.Status, f statusFlags) error {
	if f.json {
		e := json.NewEncoder(a.out)
		if !f.watch {
			e.SetIndent("", "  ")
		}
		e.SetEscapeHTML(false)
		return e.Encode(s)
	}
	_, err := fmt.Fprint(a.out, view.Status(s, time.Now(), a.paint(a.out)))
	return err
}

// watch shows the status after events, and on a terminal once a second for what makes none: ages and queues.
func (a *app) watch(ctx context.Context, p *control.Patient, f statusFlags, names []string) error {
	redraw := isTerminal(a.out) && !f.json
	changed, ended := a.changes(ctx, p)
	for first := true; ; first = false {
		s, err := p.Status(ctx, names)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (first || isUnknown(err)):
			return err
		case err == nil:
			if err := a.printAgain(s, f, first, redraw); err != nil {
				return err
			}
		} // else supervise is ending, which its events will tell
		select {
		case <-changed:
		case <-secondIf(redraw):
		case err := <-ended:
			return err
		}
	}
}

// printAgain puts a status below the one before, or in its place.
func (a *app) printAgain(s supervisor.Status, f statusFlags, first, redraw bool) error {
	switch {
	case redraw:
		fmt.Fprint(a.out, "\x1b[H\x1b[2J")
	case !first && !f.json:
		fmt.Fprintln(a.out)
	}
	return a.printStatus(s, f)
}

// isUnknown is whether a name is that of nothing, any more.
func isUnknown(err error) bool {
	var remote *control.Error
	return errors.As(err, &remote) && remote.Result.Kind != ""
}

// changes follows the events and gives a note whenever there is a new one; many at a time are one note.
func (a *app) changes(ctx context.Context, p *control.Patient) (changed chan struct{}, ended chan error) {
	changed, ended = make(chan struct{}, 1), make(chan error, 1)
	began := time.Now()
	go func() {
		ended <- p.Events(ctx, true, func(e supervisor.Event) error {
			if e.Time.Before(began) {
				return nil // the recorded ones
			}
			select {
			case changed <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	return changed, ended
}

func secondIf(on bool) <-chan time.Time {
	if !on {
		return nil
	}
	return time.After(time.Second)
}
