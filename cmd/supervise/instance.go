package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// instance is the running supervise. Its Manager is the control API's Backend, apart from what only the process can do.
type instance struct {
	*supervisor.Manager
	app    *app
	log    hclog.Logger
	load   func() (*config.Config, error)
	loaded atomic.Pointer[config.Config] // by the last load
}

// run is the whole life of a supervise: everything that can be wrong is found before the first worker starts.
func (a *app) run(r runner) error {
	cfg, err := r.load(a.config)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(a.err, a.paint(a.err).Warn(w))
	}
	given, environ, err := surroundings()
	if err != nil {
		return &exitError{code: codeUnbound, err: err}
	}
	socket, err := a.socketFor(cfg)
	if err != nil {
		return err
	}
	api, err := listenControl(socket, cfg.Control)
	if err != nil {
		return err
	}
	defer api.Close()
	dir, err := makeRuntimeDir(runtimeDir(socket))
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	i := &instance{app: a, log: a.logger(cfg.Log)}
	i.reloadFrom(r, cfg)
	return i.manage(api, cfg, supervisor.Options{
		Config: cfg, Load: i.load, Given: given, Log: i.log, RuntimeDir: dir,
		Output: a.printer(), Version: version(), Environ: environ,
	})
}

// manage opens the listeners and serves.
func (i *instance) manage(api net.Listener, cfg *config.Config, o supervisor.Options) error {
	k, err := keeper.NewLocal("")
	if err != nil {
		return err
	}
	defer k.Close()
	o.Keeper = k
	if i.Manager, err = supervisor.New(o); err != nil {
		return err
	}
	return i.serve(api, cfg)
}

// serve runs until everything is stopped.
func (i *instance) serve(api net.Listener, cfg *config.Config) error {
	server := control.NewServer(control.Options{Backend: i, Version: version(), GID: controlGroup(cfg.Control), Log: i.log.Named("control")})
	served := make(chan error, 1)
	go func() { served <- server.Serve(api) }()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	signals := i.watchSignals(kill)
	defer signals.stop()
	defer i.tellOuter()()
	go i.introduce(cfg)
	i.log.Info("supervise started", "version", version(), "pid", os.Getpid(), "control", api.Addr().String())
	err := i.Run(ctx)
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = errors.Join(err, server.Close(closing), <-served)
	i.log.Info("supervise stopped")
	return err
}

// surroundings takes what an outer service manager gave us, and makes sure that no worker gets it as well.
func surroundings() ([]fdpass.Named, []string, error) {
	given, environ, err := fdpass.Given(os.Environ(), os.Getpid())
	if err != nil {
		return nil, nil, err
	}
	return given, withoutOuter(environ), nil
}

func (a *app) printer() *output.Printer {
	p := output.NewPrinter(a.out, a.paint(a.out).On)
	p.SetTerminal(isTerminal(a.out))
	return p
}

// reloadFrom makes load read the file again; without a file there is nothing to read.
func (i *instance) reloadFrom(r runner, cfg *config.Config) {
	if cfg.Path == "" {
		return
	}
	i.load = func() (*config.Config, error) {
		cfg, err := r.load(i.app.config)
		if err == nil {
			i.loaded.Store(cfg)
		}
		return cfg, err
	}
}

// Reload is the Manager's and then applies what concerns the process.
func (i *instance) Reload(ctx context.Context, report func(supervisor.Event)) (config.Changes, error) {
	changes, err := i.Manager.Reload(ctx, report)
	if err != nil {
		return changes, err
	}
	cfg := i.loaded.Load()
	for _, w := range cfg.Warnings {
		i.log.Warn("configuration", "warning", w)
	}
	if changes.Log {
		i.log.SetLevel(hclog.LevelFromString(cfg.Log.Level))
	}
	if changes.Control {
		i.log.Warn("a changed control block takes effect when supervise is started anew")
	}
	return changes, nil
}
