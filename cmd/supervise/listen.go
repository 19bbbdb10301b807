package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// usualHandoff are the conventions that get on with each other and with every program that knows none.
var usualHandoff = [...]string{"systemd", "einhorn", "server-starter"}

func (a *app) listenVerb() *cobra.Command {
	var handoff []string
	cmd := &cobra.Command{
		Use:   "listen NAME... -- COMMAND [ARGUMENT]...",
		Short: "Run a command with listeners of the running supervise",
		Long: `Gets duplicates of listeners from the running supervise and replaces itself by the command, which finds them as a worker would:
LISTEN_FDS and the like. It accepts beside the workers there are, and is nobody's worker: it is not restarted, and may end at any time.
For a look at live traffic with another build, a debugger, or a program that supervise is not to run.`,
		Example: `  supervise listen web -- ./app --debug
  supervise listen web admin --control /run/supervise/app.sock -- gdb --args ./app`,
		ValidArgsFunction: a.completeListeners,
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			switch {
			case dash < 0 || dash == len(args):
				return usage(cmd, "cannot listen: the command is missing, after --")
			case dash == 0:
				return usage(cmd, "cannot listen: the name of a listener is missing, before --")
			}
			return a.withClient(func(ctx context.Context, c *control.Client) error {
				return a.listen(ctx, c, unique(args[:dash]), handoff, args[dash:])
			})
		},
	}
	cmd.Flags().StringSliceVar(&handoff, "handoff", usualHandoff[:], "`DIALECTS` in which the command is told of them")
	return cmd
}
