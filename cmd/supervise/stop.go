package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) stopVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "stop SERVICE...",
		Short: "Stop services; their listeners stay open and clients wait",
		Long: `Sends the stop signal to all workers of each service and waits until they are gone. Listeners stay open: connections wait in
the backlog until the service is started again.`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Stop(ctx, name, report)
			})
		},
	}
}
