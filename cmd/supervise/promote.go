package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) promoteVerb() *cobra.Command {
	var retire bool
	cmd := &cobra.Command{
		Use:   "promote SERVICE...",
		Short: "End the canary of services with a promotion, or return to the newer generation after a rollback",
		Long: `In a canary: the new generation becomes the current one now, and the command waits as restart does. After a rollback, while the newer
generation is kept (rollout.keep_old): it gets all new connections again, at once. A newest generation that is the current one already is
promoted: nothing happens, and the exit code is 0. With --retire the former generation is not kept for a rollback: it finishes now.`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(_ *cobra.Command, names []string) error {
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Promote(ctx, name, retire, report)
			})
		},
	}
	cmd.Flags().BoolVar(&retire, "retire", false, "let the former generation finish now instead of keeping it")
	return cmd
}
