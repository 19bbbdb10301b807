package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) restartVerb() *cobra.Command {
	var share string
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "restart SERVICE...",
		Short: "Replace the workers of services by a new generation, losing no connection",
		Long: `Rolls out the next generation of each service and waits until the former one is gone, or kept (rollout.keep_old). When the new one
does not become ready, or fails in its canary, the former one goes on untouched and the exit code is 1. Several services are restarted
one after another; the first that fails ends it.

With --canary the new generation gets that share of the new connections first, in place of what rollout.canary says. Without --for it
does so until "supervise promote" or "supervise rollback", and the command returns when that has begun. Every listener of the service
needs sharing = "generation" or "worker".`,
		Example: `  supervise restart app
  supervise restart --canary 5% --for 10m app
  supervise restart --canary 5% app && ./compare-errors && supervise promote app`,
		Args:              arguments(1, -1, "the name of a service"),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, names []string) error {
			canary, err := canaryOf(cmd, share, length)
			if err != nil {
				return err
			}
			return a.each(names, func(ctx context.Context, p *control.Patient, name string, report func(supervisor.Event)) error {
				if canary != nil {
					return p.RestartCanary(ctx, name, *canary, report)
				}
				return p.Restart(ctx, name, report)
			})
		},
	}
	cmd.Flags().StringVar(&share, "canary", "", "`SHARE` of new connections that the new generation gets first, like 5%")
	cmd.Flags().DurationVar(&length, "for", 0, "promote it after this `TIME` of the canary, like 10m")
	return cmd
}

// canaryOf is what the flags of restart ask for; nil for what is configured.
func canaryOf(cmd *cobra.Command, share string, length time.Duration) (*config.Canary, error) {
	flags := cmd.Flags()
	switch {
	case flags.Changed("for") && !flags.Changed("canary"):
		return nil, usage(cmd, "cannot use --for without --canary, which says the share of new connections")
	case flags.Changed("for") && length <= 0:
		return nil, usage(cmd, "cannot use --for %s: it must be more than 0 (without it the canary has no end)", length)
	case !flags.Changed("canary"):
		return nil, nil
	}
	part, err := config.ParseShare(share)
	if err != nil {
		return nil, usage(cmd, "--canary: %v", err)
	}
	return &config.Canary{Share: part, For: length}, nil
}
