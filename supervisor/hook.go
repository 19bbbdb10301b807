package supervisor

import (
	"context"
	"fmt"
	"maps"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
)

// hook implements runner. Hooks run with the identity, folder and environment of a worker, without its sockets. They have no time limit of
// their own: a before_start may build the program. Stopping the service ends them.
func (h *host) hook(s spec, name string, done func(error)) (cancel, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &child{host: h, spec: s, over: make(chan struct{})}
	c.process, c.left, c.inherited = h.found.process(s.id)
	go func() {
		defer cancel()
		err := c.runHook(ctx, name)
		if err != nil {
			err = fmt.Errorf("hook %s of service %q failed: %w", name, s.service.Name, err)
		}
		done(err)
	}()
	return cancel, c.release
}

// hasHook implements runner.
func (h *host) hasHook(s spec, name string) bool { return s.service.HasHook(name) }

// resolveHook gives the command of a hook, nil when there is none. What cannot be worked out, a worker will say.
func (h *host) resolveHook(s spec, name string) (layout, []string) {
	l, err := resolve(s, h.around(h.folder(s)))
	if err != nil {
		return l, nil
	}
	return l, hookCommand(l.resolved.Hooks, name)
}

func (c *child) runHook(ctx context.Context, name string) error {
	l, command := c.host.resolveHook(c.spec, name)
	if command == nil && !c.inherited {
		return nil
	}
	if c.inherited {
		c.readOn()
		c.left.close()
		return c.await(ctx, &kit{}, name)
	}
	// Files are read here and not before: the caller of hook is the service's loop.
	var err error
	if l.env, err = environmentOf(c.spec, l, c.host.around(c.host.folder(c.spec))); err != nil {
		return err
	}
	return c.command(ctx, l, command)
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
// workers' lines go. When ctx ends it is killed. The keeper knows of it until release.
func (c *child) command(ctx context.Context, l layout, command []string) error {
	id, err := identify(c.spec.service)
	if err != nil {
		return err
	}
	env := id.environment(l)
	maps.DeleteFunc(env, func(key, _ string) bool { return private(key) && !isOwnName(key) })
	var k kit
	defer k.close()
	if err := c.outputs(&k); err != nil {
		return err
	}
	k.spawn.Name = c.spec.id
	k.spawn.Label = fmt.Sprintf("%s.%d command", c.spec.service.Name, c.spec.generation)
	k.spawn.Mark = k.spawn.Label
	k.spawn.Plan = stagePlan(c.spec, l, id, command, env)
	if c.process, err = c.host.spawn(k.spawn, cgroup.Limits{}); err != nil {
		return err
	}
	return c.await(ctx, &k, command[0])
}

func (c *child) await(ctx context.Context, k *kit, what string) error {
	defer context.AfterFunc(ctx, func() { _ = c.host.keeper.Kill(c.process.ID) })()
	exit, err := c.host.keeper.Wait(c.process.ID)
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
