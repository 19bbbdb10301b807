package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) startVerb() *cobra.Command {
	return &cobra.Command{
		Use:               "start SERVICE...",
		Short:             "Start stopped services and wait until they are ready",
		Long:              `Starts services that were stopped and waits until they are ready. A service that runs already is no error.`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Start(ctx, name, report)
			})
		},
	}
}
