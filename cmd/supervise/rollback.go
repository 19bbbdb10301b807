package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) rollbackVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback SERVICE...",
		Short: "Give up the rollout that is going on, or return to the former generation while it is kept",
		Long: `Before the promotion, in a canary too: the new generation is given up as if it had failed. After it, while the former generation is
kept (rollout.keep_old): that one gets all new connections again, at once, with the configuration that it had, and the newer one is kept
in its place: "supervise promote" returns to it. When the command returns no new connection goes to the newer generation.`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Rollback(ctx, name, report)
			})
		},
	}
}
