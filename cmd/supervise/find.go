package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// client finds the running supervise: by --control, by --config, or the only one on the machine.
func (a *app) client() (*control.Client, error) {
	path, err := a.findSocket()
	if err != nil {
		return nil, err
	}
	c := control.NewClient(path)
	if a.control != "" {
		c.TrustAnyone()
	}
	return c, nil
}

func (a *app) findSocket() (string, error) {
	switch {
	case a.control != "":
		path, err := socketPath(a.control)
		if err != nil {
			return "", &exitError{code: codeUsage, err: err}
		}
		return path, nil
	case a.config != "":
		return a.socketOfConfig()
	}
	return onlySocket(self())
}

// socketOfConfig looks into the file, which may be broken just now while an older version of it runs: then the default
// place is tried.
func (a *app) socketOfConfig() (string, error) {
	byDefault := self().defaultSocket(a.config)
	cfg, err := config.Load(a.config, hostNow())
	switch {
	case err == nil && cfg.Control.Address.Path != "":
		return filepath.Abs(pathOf(cfg.Control.Address))
	case err != nil && !answers(byDefault):
		return "", err
	}
	return byDefault, a.runsWith(byDefault)
}

// runsWith refuses to speak to the supervise of another file: the default place goes by the last part of its name only.
func (a *app) runsWith(socket string) error {
	c := control.NewClient(socket)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	there, err := c.Version(ctx)
	if err != nil || there.Config == "" || there.Config == fullPath(a.config) || same(there.Config, a.config) {
		return nil // who does not answer just now is not known to be another
	}
	return &exitError{code: codeNobody, err: fmt.Errorf("cannot find a running supervise for %s: the one at %s runs %s", fullPath(a.config), socket, there.Config),
		hint: fmt.Sprintf("Give --config %s or --control %s if you mean that one. Two files of one name need a control { address = \"%s\" } each.", there.Config, socket, controlExample)}
}

// onlySocket is the control socket that answers, when there is one only.
func onlySocket(p person) (string, error) {
	folders := []string{p.folder()}
	if p.folder() != p.system {
		folders = append(folders, p.system) // control.group may let us in
	}
	var live []string
	for _, folder := range folders {
		for _, path := range socketsIn(folder) {
			if answers(path) {
				live = append(live, path)
			}
		}
	}
	switch len(live) {
	case 1:
		return live[0], nil
	case 0:
		return "", &exitError{code: codeNobody, err: fmt.Errorf("cannot find a running supervise: nobody answers in %s", strings.Join(folders, " or ")),
			hint: "Give --config FILE or --control ADDRESS if it uses another control socket."}
	}
	return "", &exitError{code: codeNobody, err: errors.New("cannot tell which supervise is meant, several are running; give one of\n  --control " +
		strings.Join(live, "\n  --control "))}
}

// answers is whether somebody listens at a path.
func answers(path string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := control.Dial(ctx, path)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

func hostNow() config.Host { return config.Host{Environ: environment(), CPUs: cpus()} }

// completeServices offers the names of the services that run.
func (a *app) completeServices(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range a.known(cmd).Services {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeListeners offers the names of listeners.
func (a *app) completeListeners(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, l := range a.known(cmd).Listeners {
		names = append(names, l.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// known is what there is to complete: nothing where no supervise answers.
func (a *app) known(cmd *cobra.Command) supervisor.Status {
	c, err := a.client()
	if err != nil {
		return supervisor.Status{}
	}
	defer c.Close()
	status, _ := c.Status(cmd.Context(), nil)
	return status
}
