package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) upgradeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "upgrade",
		Short: "Replace the running supervise by the program on disk",
		Long: `Has the program on disk prove that it can go on where the running supervise is, and then take over: no worker is restarted and no
connection is lost. If it cannot run, or cannot read what the running one has decided, everything stays as it was.`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.upgrade() },
	}
}

// upgradeTimeout bounds the time from the end of one manager to the word of the next.
const upgradeTimeout = time.Minute

func (a *app) upgrade() error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := interruptible()
	defer cancel()
	before, err := c.Status(ctx, nil)
	if err != nil {
		return err
	}
	if err := c.Upgrade(ctx); err != nil {
		return a.interrupted(err)
	}
	ctx, cancel = context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	done, err := upgraded(ctx, c)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("cannot tell how the upgrade ended: supervise did not say within %s (see supervise status)", upgradeTimeout)
	case err != nil:
		return a.interrupted(err)
	case done.Kind == supervisor.KindUpgradeFailed:
		return fmt.Errorf("cannot upgrade: %s: %s", done.Message, done.Error)
	}
	now, err := c.Status(ctx, nil)
	if err != nil {
		return a.interrupted(err)
	}
	fmt.Fprintf(a.out, "upgraded from version %s to %s\n", before.Version, now.Version)
	return nil
}

// upgraded waits until the manager that comes says how it went. What it has recorded began with it.
func upgraded(ctx context.Context, c *control.Client) (supervisor.Event, error) {
	var last supervisor.Event
	found := errors.New("found")
	for {
		err := c.Events(ctx, true, func(e supervisor.Event) error {
			if e.Kind == supervisor.KindUpgraded || e.Kind == supervisor.KindUpgradeFailed {
				last = e
				return found
			}
			return nil
		})
		switch {
		case errors.Is(err, found):
			return last, nil
		case ctx.Err() != nil:
			return last, ctx.Err()
		}
		select { // the keeper holds the control socket: only between two managers somebody else could refuse
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
