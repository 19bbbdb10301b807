package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/config"
)

func (a *app) presetsVerb() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the programs that supervise knows, or show what it knows of one",
		Long: `A preset gives a service what a program needs: how it takes sockets, how it says that it is ready, on which signal it drains.
Write preset = "NAME" into the service; what the service says itself wins.`,
		Example: `  supervise presets
  supervise presets nginx`,
		Args:      arguments(0, 1, ""),
		ValidArgs: presetNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := config.Presets()
			if len(args) == 0 {
				return a.printJSON(asJSON, list, view.Presets(list, a.paint(a.out)))
			}
			for _, p := range list {
				if p.Name == args[0] {
					return a.printJSON(asJSON, p, view.Preset(p, a.paint(a.out)))
				}
			}
			return usage(cmd, "there is no preset %q%s", args[0], hintName("preset", args[0], presetNames()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printJSON prints data as JSON, or text.
func (a *app) printJSON(asJSON bool, data any, text string) error {
	if !asJSON {
		_, err := fmt.Fprint(a.out, text)
		return err
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(data)
}

func presetNames() []string {
	var names []string
	for _, p := range config.Presets() {
		names = append(names, p.Name)
	}
	return names
}
