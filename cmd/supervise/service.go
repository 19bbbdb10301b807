package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// winService is what `supervise service` gets on the command line besides --config: a service of Windows.
type winService struct {
	name, user, log string
}

// scm is the service control manager that has started this process; nil where that is a terminal, or another system.
type scm struct {
	signals chan os.Signal // what it asks for, as the signal that means the same elsewhere
	running func()         // to be called when the listeners are open and commands are answered
}

func (s *scm) up() {
	if s != nil {
		s.running()
	}
}

func (a *app) serviceVerb() *cobra.Command {
	var s winService
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Have Windows start supervise, as a service",
		Long: `Makes supervise a service of Windows: started with the machine, started again when it fails, stopped gracefully with the machine. It takes
an administrator. On other systems each command says what to use instead.

What supervise and its workers print goes to a file, NAME.log in %ProgramData%\supervise\log unless --log says otherwise (with --user, in
%LOCALAPPDATA%\supervise\log of that account); at 10 MiB it becomes NAME.log.1.
Commands like status and restart work as always; sc control NAME paramchange is supervise reload.`,
		Example: `  supervise service install --name shop --config C:\shop\app.hcl
  supervise service start --name shop`,
		Args: func(cmd *cobra.Command, args []string) error {
			return usage(cmd, "cannot tell what to do with the service: say one of install, uninstall, start, stop")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.PersistentFlags().StringVar(&s.name, "name", "supervise", "`NAME` of the service")
	install := a.serviceCommand(&s, "install", "Make the service; Windows starts it with the machine", a.installService)
	install.Flags().StringVar(&s.user, "user", "", "`ACCOUNT` that needs no password, like \"NT SERVICE\\NAME\"; without it LocalSystem")
	run := a.serviceCommand(&s, "run", "Be the service, which is for Windows to call", a.runService)
	run.Hidden = true
	for _, c := range []*cobra.Command{install, run} {
		c.Flags().StringVar(&s.log, "log", "", "`FILE` for what supervise and its workers print")
	}
	cmd.AddCommand(install, run,
		a.serviceCommand(&s, "uninstall", "Stop the service, and remove it", a.uninstallService),
		a.serviceCommand(&s, "start", "Start the service now, and wait until it serves", a.startService),
		a.serviceCommand(&s, "stop", "Stop the service gracefully, and wait until it has ended", a.stopService))
	return cmd
}

func (a *app) serviceCommand(s *winService, name, short string, do func(winService) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return usage(cmd, "cannot %s a service: %v", name, err)
			}
			if a.config == "" && (name == "install" || name == "run") {
				return usage(cmd, "cannot %s a service: --config FILE is missing", name)
			}
			return do(*s)
		},
	}
}

// check knows the names that CreateService allows, and those that make a file name.
func (s winService) check() error {
	switch {
	case s.name == "":
		return fmt.Errorf("its name is empty")
	case len(s.name) > 80:
		return fmt.Errorf("its name has %d characters (80 are enough)", len(s.name))
	case strings.ContainsAny(s.name, `/\:*?"<>|`) || strings.ContainsFunc(s.name, func(r rune) bool { return r < ' ' }):
		return fmt.Errorf("its name %q has a character that a file must not have", s.name)
	}
	return nil
}
