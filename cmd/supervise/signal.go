package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) signalVerb() *cobra.Command {
	return &cobra.Command{
		Use:               "signal SERVICE SIGNAL",
		Short:             "Send a signal to every worker of a service",
		Long:              `Sends a signal, by name (HUP, SIGHUP) or number, to the main process of every worker.`,
		Args:              arguments(2, 2, "the name of a service or of a signal"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := config.ParseSignal(args[1])
			if err != nil {
				return usage(cmd, "cannot send signal %q: %v", args[1], err)
			}
			return a.quietly(args[:1], func(ctx context.Context, p *control.Patient, service string) error {
				return p.Signal(ctx, service, name)
			})
		},
	}
}
