package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) upgradeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "upgrade",
		Short: "Replace the running supervise by the program on disk",
		Long: `Has the program on disk prove that it can go on where the running supervise is, and then take over: no worker is restarted and no
connection is lost. If it cannot run, or cannot read what the running one has decided, everything stays as it was. What it prints
goes to the output of the running one.`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.withClient(a.upgrade) },
	}
}

func (a *app) upgrade(ctx context.Context, c *control.Client) error {
	var before, now supervisor.Status
	err := a.show(c, "upgrade", func(p *control.Patient, report func(supervisor.Event)) (err error) {
		if before, err = p.Brief(ctx, nil); err != nil {
			return err
		}
		if err = p.Upgrade(ctx, report); err != nil {
			return err
		}
		now, err = p.Brief(ctx, nil)
		return err
	})
	if err != nil {
		return a.interrupted(err)
	}
	fmt.Fprintf(a.out, "upgraded from version %s to %s\n", before.Version, now.Version)
	return nil
}
