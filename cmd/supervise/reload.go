package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

func (a *app) reloadVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Apply the changed configuration file, all or nothing",
		Long: `Has the running supervise read its file again. Everything new is opened before anything old is touched; when that fails, nothing
has changed. Prints the difference.`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return a.withClient(a.reload) },
	}
}

func (a *app) reload(ctx context.Context, c *control.Client) error {
	return a.applyFile(c, "reload", func(p *control.Patient, report func(supervisor.Event)) ([]string, error) {
		return p.Reload(ctx, report)
	})
}

// applyFile shows how the file is applied, and the difference.
func (a *app) applyFile(c *control.Client, title string, apply func(*control.Patient, func(supervisor.Event)) ([]string, error)) error {
	var changes []string
	err := a.show(c, title, func(p *control.Patient, report func(supervisor.Event)) (err error) {
		changes, err = apply(p, report)
		return err
	})
	if err != nil {
		return a.interrupted(err)
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.out, "nothing has changed")
	}
	p := a.paint(a.out)
	for _, line := range changes {
		fmt.Fprintln(a.out, colourChange(p, view.Clean(line)))
	}
	return nil
}

func colourChange(p view.Paint, line string) string {
	switch mark := strings.TrimLeft(line, " "); {
	case strings.HasPrefix(mark, "+"):
		return p.Good(line)
	case strings.HasPrefix(mark, "-"):
		return p.Bad(line)
	}
	return p.Warn(line)
}
