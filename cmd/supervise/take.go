package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) takeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "take NAME=SOURCE...",
		Short: "Apply the changed configuration file and take listeners over from programs that run",
		Long: `Is reload, in which the named listeners, new in the file, are not opened but taken over from the program that has them open now. That
program goes on to serve beside supervise until it is stopped, and nobody is refused meanwhile. When one of them is not to be had,
nothing has changed. A SOURCE is a process, its pid file, the stats socket of HAProxy (with expose-fd listeners), or s6-fdholder.`,
		Example: `  supervise take web=pid:1234
  supervise take web=pidfile:/run/nginx.pid
  supervise take web=haproxy:/run/haproxy.sock
  supervise take web=s6-fdholder:/run/fdholder/s#web`,
		Args: arguments(1, -1, "NAME=SOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := takeFlags(cmd, args)
			if err != nil {
				return err
			}
			texts := map[string]string{}
			for name, source := range from {
				texts[name] = source.String()
			}
			return a.withClient(func(ctx context.Context, c *control.Client) error {
				return a.applyFile(c, "take", func(p *control.Patient, report func(supervisor.Event)) ([]string, error) {
					return p.Take(ctx, texts, report)
				})
			})
		},
	}
}

// takeFlags reads NAME=SOURCE. Paths are of this process's folder, which need not be supervise's.
func takeFlags(cmd *cobra.Command, flags []string) (map[string]config.TakeFrom, error) {
	from := map[string]config.TakeFrom{}
	for _, flag := range flags {
		name, text, ok := strings.Cut(flag, "=")
		if !ok || name == "" {
			return nil, usage(cmd, "cannot take %q: write NAME=SOURCE, like web=pid:1234", flag)
		}
		source, err := config.ParseTakeFrom(text)
		if err != nil {
			return nil, usage(cmd, "cannot take listener %q: %v", name, err)
		}
		if _, twice := from[name]; twice {
			return nil, usage(cmd, "cannot take listener %q twice", name)
		}
		if source.Path != "" && !strings.HasPrefix(source.Path, "@") {
			if source.Path, err = filepath.Abs(source.Path); err != nil {
				return nil, err
			}
		}
		from[name] = source
	}
	return from, nil
}

// withSources says of listeners where they are to be taken from. Those that are open already are not concerned.
func withSources(cfg *config.Config, from map[string]config.TakeFrom) *config.Config {
	if len(from) == 0 {
		return cfg
	}
	with := *cfg
	with.Listeners = nil
	for _, l := range cfg.Listeners {
		if source, told := from[l.Name]; told {
			taken := *l
			taken.TakeFrom, l = &source, &taken
		}
		with.Listeners = append(with.Listeners, l)
	}
	return &with
}

// checkSources is for the start: a later reload may have dropped a listener that was taken then.
func checkSources(cfg *config.Config, from map[string]config.TakeFrom) error {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if cfg.Listener(name) == nil {
			return &exitError{code: codeUsage, err: fmt.Errorf("cannot take listener %q: there is no such listener", name)}
		}
	}
	return nil
}
