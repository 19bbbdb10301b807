package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

type eventFlags struct{ follow, json bool }

func (a *app) eventsVerb() *cobra.Command {
	var f eventFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show what happened",
		Args:  arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.withClient(func(ctx context.Context, c *control.Client) error { return a.events(ctx, c, f) })
		},
	}
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with what happens, until Ctrl-C")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON, one object a line")
	return cmd
}

func (a *app) events(ctx context.Context, c *control.Client, f eventFlags) error {
	p := a.paint(a.out)
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return control.NewPatient(c, nil).Events(a.whileRead(ctx), f.follow, func(ev supervisor.Event) error {
		if f.json {
			return e.Encode(ev)
		}
		_, err := fmt.Fprintf(a.out, "%s %s\n", p.Faint(ev.Time.Local().Format(time.DateTime)), view.EventText(ev))
		return err
	})
}
