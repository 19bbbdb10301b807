package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) scaleVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "scale SERVICE WORKERS",
		Short: "Change the number of workers of a service",
		Long: `Changes the number of workers and waits until new ones are ready and surplus ones are asked to stop. It lasts until
supervise ends or a reload brings another number.`,
		Args:              arguments(2, 2, "the name of a service or the number of workers"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 0 {
				return usage(cmd, "cannot scale to %q workers: it must be a number, 0 or more", args[1])
			}
			return a.each(args[:1], func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				return p.Scale(ctx, name, n, report)
			})
		},
	}
}
