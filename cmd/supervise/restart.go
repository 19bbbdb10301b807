package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) restartVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "restart SERVICE...",
		Short: "Replace the workers of services by a new generation, losing no connection",
		Long: `Rolls out the next generation of each service and waits until the former one is gone. When the new one does not
become ready, the former one goes on untouched and the exit code is 1. Several services are restarted one after
another; the first that fails ends it.`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Restart(ctx, name, report)
			})
		},
	}
}
