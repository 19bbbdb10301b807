package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) holdVerb() *cobra.Command {
	return &cobra.Command{
		Use:               "hold LISTENER...",
		Short:             "Make new connections to listeners wait, refusing nobody",
		Args:              arguments(1, -1, "the name of a listener"),
		ValidArgsFunction: a.completeListeners,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.quietly(names, func(ctx context.Context, p *control.Patient, name string) error { return p.Hold(ctx, name) })
		},
	}
}
