package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) releaseVerb() *cobra.Command {
	return &cobra.Command{
		Use:               "release LISTENER...",
		Short:             "Let in the connections that hold made wait",
		Args:              arguments(1, -1, "the name of a listener"),
		ValidArgsFunction: a.completeListeners,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.quietly(names, func(ctx context.Context, p *control.Patient, name string) error { return p.Release(ctx, name) })
		},
	}
}
