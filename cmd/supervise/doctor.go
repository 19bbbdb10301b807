package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/doctor"
)

func (a *app) doctorVerb() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [--config FILE]",
		Short: "Show what this kernel lets this user do, and what to change",
		Long: `Tries what supervise can use of the kernel, in a short-lived process of its own that changes nothing, and shows what works, what the rest
costs, and how to mend it. With --config FILE it says too what that file needs; the exit code is 1 when something of it is missing. Run it as the
user, and in the unit or container, in which supervise runs.`,
		Example: `  supervise doctor
  sudo -u www supervise doctor --config app.hcl`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) doctor(cmd *cobra.Command, asJSON bool) error {
	var needs doctor.Needs
	if a.config != "" {
		cfg, err := config.Load(a.config, hostNow())
		if err != nil {
			return err
		}
		needs = doctor.NeedsOf(cfg)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find supervise itself: %w", err)
	}
	list := doctor.Judge(doctor.Ask(cmd.Context(), program), needs)
	data := struct {
		Findings []doctor.Finding `json:"findings"`
	}{list}
	if err := a.printJSON(asJSON, data, view.Doctor(list, a.paint(a.out))); err != nil {
		return err
	}
	if doctor.Failed(list) {
		return &exitError{code: codeFailed, err: fmt.Errorf("this machine, or this user, does not have all that %s needs", view.Clean(a.config))}
	}
	return nil
}
