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
	around := h.around(h.folder(s, 0))
	l, err := resolve(s, around)
	command := hookCommand(l.resolved.Hooks, name)
	if err != nil || command == nil {
		return nil // what cannot be worked out, a worker will say
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		// Files are read here and not before: the caller is the service's loop.
		if l.env, err = environmentOf(s, l, around); err == nil {
			err = h.command(ctx, s, l, command)
		}
		if err != nil {
			err = fmt.Errorf("hook %s of service %q failed: %w", name, s.service.Name, err)
		}
		done(err)
	}()
	return cancel
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
	k.spawn.Label = fmt.Sprintf("%s.%d command", s.service.Name, s.generation)
	k.spawn.Mark = k.spawn.Label
	k.spawn.Plan = stagePlan(s, l, id, command, env)
	process, err := h.keeper.Spawn(k.spawn)
	if err != nil {
		return err
	}
	return h.await(ctx, c, &k, process)
}

func (h *host) await(ctx context.Context, c *child, k *kit, process keeper.Process) error {
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
		return fmt.Errorf("%q %s", k.spawn.Plan.Command[0], exit)
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
