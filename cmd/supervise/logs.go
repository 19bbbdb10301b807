package main

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

type logFlags struct {
	follow, json bool
	lines        int
}

func (a *app) logsVerb() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:               "logs [SERVICE]",
		Short:             "Show the last lines that workers printed",
		Args:              arguments(0, 1, ""),
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.lines < 0 {
				return usage(cmd, "cannot show %d lines", f.lines)
			}
			return a.withClient(func(ctx context.Context, c *control.Client) error { return a.logs(ctx, c, f, append(args, "")[0]) })
		},
	}
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "go on with new lines, until Ctrl-C")
	cmd.Flags().IntVarP(&f.lines, "lines", "n", 100, "how many of the last `LINES`")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON, one object a line")
	return cmd
}

func (a *app) logs(ctx context.Context, c *control.Client, f logFlags, service string) error {
	ctx = a.whileRead(ctx)
	p := control.NewPatient(c, nil)
	if f.json {
		e := json.NewEncoder(a.out)
		e.SetEscapeHTML(false)
		return p.Logs(ctx, service, f.lines, f.follow, func(l output.Line) error { return e.Encode(l) })
	}
	printer := output.NewPrinter(a.out, a.paint(a.out).On)
	printer.SetTerminal(isTerminal(a.out))
	expect(ctx, p, printer)
	return p.Logs(ctx, service, f.lines, f.follow, func(l output.Line) error {
		printer.Print(l)
		return printer.Err()
	})
}

// expect tells the printer how wide prefixes will be.
func expect(ctx context.Context, p *control.Patient, to *output.Printer) {
	status, err := p.Brief(ctx, nil)
	if err != nil {
		return // prefixes are narrower then
	}
	for _, s := range status.Services {
		highest := 0
		for _, w := range s.Workers {
			highest = max(highest, w.Index)
		}
		to.Expect(s.Name, highest+1)
	}
}
