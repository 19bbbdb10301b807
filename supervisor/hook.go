package supervisor

import (
	"context"
	"fmt"
	"maps"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// hook implements runner. Hooks run with the identity, folder and environment of a worker, without its sockets. They have no time limit of
// their own: a before_start may build the program. Stopping the service ends them.
func (h *host) hook(s spec, name string, done func(error)) (cancel func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		err := h.runHook(ctx, s, name)
		if err != nil {
			err = fmt.Errorf("hook %s of service %q failed: %w", name, s.service.Name, err)
		}
		done(err)
	}()
	return cancel
}

// hasHook implements runner.
func (h *host) hasHook(s spec, name string) bool {
	_, command := h.resolveHook(s, name)
	return command != nil
}

// resolveHook gives the command of a hook, nil when there is none. What cannot be worked out, a worker will say.
func (h *host) resolveHook(s spec, name string) (layout, []string) {
	l, err := resolve(s, h.around(h.folder(s)))
	if err != nil {
		return l, nil
	}
	return l, hookCommand(l.resolved.Hooks, name)
}

func (h *host) runHook(ctx context.Context, s spec, name string) error {
	l, command := h.resolveHook(s, name)
	if process, running := h.found.process(s.id); running {
		c := &child{host: h, spec: s}
		c.readOn()
		return h.await(ctx, c, &kit{}, process, name)
	}
	// Files are read here and not before: the caller of hook is the service's loop.
	var err error
	if l.env, err = environmentOf(s, l, h.around(h.folder(s))); err != nil {
		return err
	}
	return h.command(ctx, s, l, command)
}

func hookCommand(hooks config.ResolvedHooks, name string) []string {
	return map[string][]string{
		"before_start": hooks.BeforeStart,
		"after_ready":  hooks.AfterReady,
		"before_stop":  hooks.BeforeStop,
		"after_stop":   hooks.AfterStop,
	}[name]
}

// command runs a command beside the workers of a service and waits for its end. What it prints goes where the
// workers' lines go. When ctx ends it is killed.
func (h *host) command(ctx context.Context, s spec, l layout, command []string) error {
	id, err := identify(s.service)
	if err != nil {
		return err
	}
	env := id.environment(l)
	maps.DeleteFunc(env, func(key, _ string) bool { return private(key) && !isOwnName(key) })
	c := &child{host: h, spec: s}
	var k kit
	defer k.close()
	if err := c.outputs(&k); err != nil {
		return err
	}
	k.spawn.Name = s.id
	k.spawn.Label = fmt.Sprintf("%s.%d command", s.service.Name, s.generation)
	k.spawn.Mark = k.spawn.Label
	k.spawn.Plan = stagePlan(s, l, id, command, env)
	process, err := h.keeper.Spawn(k.spawn)
	if err != nil {
		return err
	}
	return h.await(ctx, c, &k, process, command[0])
}

func (h *host) await(ctx context.Context, c *child, k *kit, process keeper.Process, what string) error {
	defer c.letGo()
	defer func() { _ = h.keeper.Forget(process.ID) }()
	defer context.AfterFunc(ctx, func() { _ = h.keeper.Kill(process.ID) })()
	exit, err := h.keeper.Wait(process.ID)
	c.awaitOutput(k)
	switch {
	case ctx.Err() != nil:
		return errCancelled
	case err != nil:
		return err
	case !exit.Success():
		return fmt.Errorf("%q %s", what, exit)
	}
	return nil
}

// isOwnName is whether a variable only names the service and generation, which hooks may know.
func isOwnName(key string) bool {
	switch key {
	case "SUPERVISE_SERVICE", "SUPERVISE_GENERATION", "SUPERVISE_WORKER":
		return true
	}
	return false
}
