package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
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
	app     *app
	session *session // with the keeper; nil where that is in this process
	log     hclog.Logger
	load    func() (*config.Config, error)
	loaded  atomic.Pointer[config.Config] // by the last load
	told    atomic.Bool                   // the upgrade that led here, if one did, is recorded
}

// run is the whole life of a supervise. Where a keeper can be a process of its own, this one becomes it, and its child, the
// manager, comes here again.
func (a *app) run(r runner) error {
	switch {
	case a.session != nil:
		return a.runFor(a.session, r)
	case runtime.GOOS == "linux":
		return become()
	}
	k, err := keeper.NewLocal("")
	if err != nil {
		return err
	}
	defer k.Close()
	given, _, err := fdpass.Given(os.Environ(), os.Getpid())
	if err != nil {
		return &exitError{code: codeUnbound, err: err}
	}
	cfg, err := a.read(r)
	if err != nil {
		return err
	}
	socket, err := a.socketFor(cfg)
	if err != nil {
		return err
	}
	api, err := listenControl(socket, cfg.Control)
	if err != nil {
		return err
	}
	i := &instance{app: a, log: a.logger(cfg.Log)}
	return i.manage(r, cfg, api, supervisor.Options{Keeper: k, Given: given})
}

// runFor is run in a manager process. Everything that can be wrong with the configuration is found before the first worker
// starts; a manager that takes over goes on with the configuration that is in force, whatever the file says now.
func (a *app) runFor(s *session, r runner) error {
	if err := s.take(); err != nil {
		return err
	}
	cfg := s.config
	if cfg == nil {
		var err error
		if cfg, err = a.read(r); err != nil {
			return err
		}
	}
	socket, err := a.socketFor(cfg)
	if err != nil {
		return err
	}
	api, err := s.control(socket, cfg.Control)
	if err != nil {
		return err
	}
	i := &instance{app: a, log: a.logger(cfg.Log), session: s}
	s.watch(i.log)
	given, keys := s.given()
	o := supervisor.Options{Keeper: s.client, KeeperPID: s.welcome.KeeperPID, Before: &s.before, Left: s.left, Given: given, GivenKeys: keys}
	if underSystemd() {
		o.Opened, o.Closed = i.store, i.unstore
	}
	return i.manage(r, cfg, api, o)
}

// read reads the configuration of the first start.
func (a *app) read(r runner) (*config.Config, error) {
	cfg, err := r.load(a.config)
	if err == nil {
		err = errors.Join(checkSources(cfg, r.sources), supervisor.Verify(cfg))
	}
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(a.err, a.paint(a.err).Warn(w))
	}
	return cfg, nil
}

// manage opens or takes back the listeners, and serves. It owns api.
func (i *instance) manage(r runner, cfg *config.Config, api *control.Listener, o supervisor.Options) error {
	defer api.Close()
	dir := runtimeDir(api.Addr().String())
	if i.session == nil || i.session.first {
		var err error
		if dir, err = makeRuntimeDir(dir); err != nil {
			return err
		}
	}
	i.reloadFrom(r, cfg)
	o.Config, o.Load, o.Log, o.RuntimeDir = cfg, i.load, i.log, dir
	o.RemakeRuntimeDir = func() error {
		_, err := makeRuntimeDir(dir)
		return err
	}
	o.Output, o.Version, o.Environ = i.app.printer(), version(), environment()
	var err error
	if i.Manager, err = supervisor.New(o); err != nil {
		i.leave(dir)
		return err
	}
	err = i.serve(api, cfg)
	if i.session != nil {
		i.session.over = true
	}
	i.leave(dir)
	return err
}

// pid is the process that people know and signal.
func (i *instance) pid() int {
	if i.session != nil {
		return i.session.welcome.KeeperPID
	}
	return os.Getpid()
}

// leave removes the runtime folder, unless somebody still runs in it.
func (i *instance) leave(dir string) {
	if i.session == nil || i.session.over {
		os.RemoveAll(dir)
	}
}

// serve runs until everything is stopped.
func (i *instance) serve(api net.Listener, cfg *config.Config) error {
	server := control.NewServer(control.Options{Backend: i, Version: version(), Config: fullPath(cfg.Path), GID: controlGroup(cfg.Control), Group: controlSID(cfg.Control), Log: i.log.Named("control")})
	served := make(chan error, 1)
	go func() { served <- server.Serve(api) }()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	signals := i.watchSignals(kill)
	defer signals.stop()
	defer i.tellOuter()()
	i.app.scm.up()
	go i.introduce(cfg)
	go i.takeCharge()
	if i.session == nil || i.session.first {
		i.log.Info("supervise started", "version", version(), "pid", i.pid(), "control", api.Addr().String())
	}
	err := i.Run(ctx)
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = errors.Join(err, server.Close(closing), <-served)
	i.log.Info("supervise stopped")
	return err
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

// fullPath is what a file is called from everywhere.
func fullPath(file string) string {
	if file == "" {
		return ""
	}
	full, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	return full
}
