package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
)

// runner is what `run` gets on the command line besides --config and --control.
type runner struct {
	listen           []string
	backlog, workers int
	directory        string
	preset           string
	handoff          []string
	command          []string
	take             []string
	sources          map[string]config.TakeFrom // take, read
}

func (a *app) runVerb(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run (--config FILE | [--listen [NAME=]ADDRESS]... -- COMMAND [ARGUMENT]...)",
		Short: "Run services in the foreground",
		Long: `Opens the listeners and runs the services, of a file or of one command, until it gets SIGTERM or SIGINT: then services finish what they
are doing. A second one ends them at once. SIGHUP reloads the file, SIGUSR1 opens output files anew,
SIGUSR2 replaces supervise by the program on disk.`,
		Example: `  supervise run --config app.hcl
  supervise run --listen web=tcp://:8080 --backlog 4096 --workers 4 -- ./app --verbose`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.command = args
			if err := r.check(cmd, a.config); err != nil {
				return err
			}
			var err error
			if r.sources, err = takeFlags(cmd, r.take); err != nil {
				return err
			}
			return a.run(*r)
		},
	}
	r.flags(cmd)
	cmd.Flags().SetInterspersed(false) // what follows the command is its own
	return cmd
}

// flags are those that make a configuration without a file.
func (r *runner) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&r.listen, "listen", "l", nil, "open a listener at `[NAME=]ADDRESS`, like web=tcp://:8080")
	cmd.Flags().IntVar(&r.backlog, "backlog", 0, "`LENGTH` of the accept queue of every listener; without it as long as the system allows")
	cmd.Flags().IntVar(&r.workers, "workers", 0, "`NUMBER` of processes; without it one")
	cmd.Flags().StringArrayVar(&r.take, "take", nil, "`NAME=SOURCE`: take a listener over from the program that has it, like web=pid:1234, if that runs")
	cmd.Flags().StringVar(&r.directory, "directory", "", "`FOLDER` in which the command runs")
	cmd.Flags().StringVar(&r.preset, "preset", "", "`NAME` of the program, of supervise presets: its handoff, readiness and signals")
	cmd.Flags().StringSliceVar(&r.handoff, "handoff", nil, "`DIALECT`s in which the command gets its listeners, like systemd,einhorn")
	_ = cmd.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions(presetNames(), cobra.ShellCompDirectiveNoFileComp))
}

// check tells a file from a command: one of them.
func (r *runner) check(cmd *cobra.Command, file string) error {
	if file == "" && len(r.command) == 0 {
		return usage(cmd, "cannot run nothing: give --config FILE, or a command after --")
	}
	if file == "" {
		return nil
	}
	if len(r.command) > 0 {
		return usage(cmd, "cannot run both %q and the command %q: give one of them", file, r.command[0])
	}
	for _, name := range []string{"listen", "backlog", "workers", "directory", "preset", "handoff"} {
		if cmd.Flags().Changed(name) {
			return usage(cmd, "--%s goes with a command after --, not with --config: write it into %q", name, file)
		}
	}
	return nil
}

// load reads the file, or makes a configuration of the command.
func (r runner) load(file string) (*config.Config, error) {
	cfg, err := r.parse(file)
	if err != nil {
		return nil, err
	}
	return withSources(cfg, r.sources), nil
}

func (r runner) parse(file string) (*config.Config, error) {
	if file != "" {
		return config.Load(file, hostNow())
	}
	cfg, err := config.ForCommand(config.CommandLine{
		Listen: r.listen, Backlog: r.backlog, Workers: r.workers, Command: r.command, Directory: r.directory,
		Preset: r.preset, Handoff: r.handoff,
	}, hostNow())
	var invalid *config.Error
	if errors.As(err, &invalid) {
		return nil, &exitError{code: codeUsage, err: err} // it is the command line that is wrong
	}
	return cfg, err
}

// socketFor is where this supervise listens for commands.
func (a *app) socketFor(cfg *config.Config) (string, error) {
	address := pathOf(cfg.Control.Address)
	if a.control != "" {
		address = a.control
	}
	if address != "" {
		path, err := socketPath(address)
		if err != nil && a.control != "" {
			return "", &exitError{code: codeUsage, err: err}
		}
		if err != nil {
			return "", &exitError{code: codeConfig, err: err}
		}
		return path, nil
	}
	name := cfg.Path
	if name == "" && len(cfg.Services) > 0 {
		name = cfg.Services[0].Name
	}
	return self().defaultSocket(name), nil
}
