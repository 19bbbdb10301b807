package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

func (a *app) checkVerb() *cobra.Command {
	var asJSON bool
	var target string
	cmd := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Show what a configuration would run, opening nothing",
		Long: `Reads a configuration and shows every listener with what the kernel will make of its backlog, and for every worker its command, its
descriptors and its environment. Nothing is opened and nothing is started. The exit code is 3 when the configuration is
invalid; every problem is shown. With --target it is checked for another system than this one: the problems are what would not work there.`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.config == "" {
				return usage(cmd, "cannot check: --config FILE is missing")
			}
			system, err := config.ParseSystem(cmp.Or(target, runtime.GOOS))
			if err != nil {
				return usage(cmd, "%v", err)
			}
			return a.check(system, asJSON)
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "`SYSTEM` for which to check: "+strings.Join(config.Systems(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("target", cobra.FixedCompletions(config.Systems(), cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// check shows as much of the plan as can be made, and then what is wrong.
func (a *app) check(system string, asJSON bool) error {
	host := hostNow()
	host.System = system
	cfg, err := config.Load(a.config, host)
	if err != nil {
		return err
	}
	plan, invalid := a.plan(cfg)
	if asJSON {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(plan)
	} else {
		_, err = fmt.Fprint(a.out, plan.String(a.paint(a.out)))
	}
	return errors.Join(invalid, err)
}

func (a *app) plan(cfg *config.Config) (view.Plan, error) {
	socket, folder, err := a.placeOf(cfg)
	if err != nil {
		return view.Plan{}, err
	}
	workers, problems := supervisor.Plan(cfg, withoutOuter(os.Environ()), folder)
	if problems != nil {
		problems = &exitError{code: codeConfig, err: problems}
	}
	plan := view.Plan{
		Config: cfg.Path, System: cfg.System, Control: socket, Warnings: append([]string{}, cfg.Warnings...),
		Listeners: []view.PlanListener{}, Services: []view.PlanService{},
	}
	for _, l := range cfg.Listeners {
		plan.Listeners = append(plan.Listeners, planListener(l, cfg.System))
	}
	for _, s := range cfg.Services {
		plan.Services = append(plan.Services, planService(s, workers))
	}
	for _, s := range cfg.Serves {
		plan.Serves = append(plan.Serves, planServe(s))
	}
	return plan, problems
}

// placeOf is where a configuration's commands come in, and the runtime folder beside. On another system they are as they would be for root,
// or for a user of Windows.
func (a *app) placeOf(cfg *config.Config) (socket, folder string, err error) {
	if cfg.System == runtime.GOOS {
		socket, err = a.socketFor(cfg)
		return socket, runtimeDir(socket), err
	}
	name := baseName(cfg.Path)
	socket, folder = cfg.Control.Address.String(), system+"/"+name+".run"
	if cfg.System == "windows" {
		folder = `%LOCALAPPDATA%\supervise\` + name + ".run"
	}
	if cfg.Control.Address.Path == "" {
		socket = "by default"
	}
	return socket, folder, nil
}

// planListener works out the backlog: Linux's listen(2) cuts it silently at net.core.somaxconn.
func planListener(l *config.Listener, system string) view.PlanListener {
	p := view.PlanListener{Name: l.Name, Address: l.Address.String(), Sharing: l.Sharing, Where: l.Where, Options: optionTexts(l)}
	if l.TakeFrom != nil {
		p.TakeFrom = l.TakeFrom.String()
	}
	p.Backlog = supervisor.Backlog{Effective: -1}
	if hasBacklog(l.Address.Network) {
		p.Backlog.Configured = l.Backlog
		if runtime.GOOS == "linux" && system == runtime.GOOS {
			p.Limit = fdpass.SystemMaxBacklog()
			p.Backlog.Effective = l.Backlog
			if l.Backlog == 0 || l.Backlog > p.Limit {
				p.Backlog.Effective = p.Limit
			}
		}
	}
	return p
}

func hasBacklog(network string) bool {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix", "unixpacket", "vsock":
		return true
	}
	return false
}

func planService(s *config.Service, workers []supervisor.WorkerPlan) view.PlanService {
	p := view.PlanService{
		Name: s.Name, Where: s.Where, Preset: s.Preset, Handoff: append([]string{}, s.Handoff...), Strategy: s.Rollout.Strategy, Ready: s.Ready.When, Timeout: s.Ready.Timeout.String(),
		Stop: s.Stop.Signal, Ending: s.Stop.Timeout.String(), Workers: []supervisor.WorkerPlan{},
	}
	if c := s.Rollout.Canary; c != nil {
		p.Canary = fmt.Sprintf("%.4g%% for %s", c.Share*100, c.For)
	}
	if s.Rollout.KeepOld > 0 {
		p.KeepOld = s.Rollout.KeepOld.String()
	}
	if s.Stop.Drain > 0 {
		p.Drain = s.Stop.Drain.String()
	}
	for _, w := range workers {
		if w.Service == s.Name {
			p.Workers = append(p.Workers, w)
		}
	}
	return p
}

func planServe(s *config.Serve) view.PlanServe {
	p := view.PlanServe{
		Name: s.Name, Protocol: s.Protocol, Address: s.Address.String(), Listeners: s.Listeners, Group: s.Group, Users: s.Users, Store: s.Store, Where: s.Where,
	}
	if s.Mode != 0 {
		p.Mode = fmt.Sprintf("%04o", s.Mode)
	}
	return p
}
