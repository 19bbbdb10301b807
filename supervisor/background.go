package supervisor

import (
	"os"
	"syscall"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

// A program that knows nothing of supervise may put itself into the background: its first process ends with status 0, and one that it
// leaves goes on. Where there are control groups nothing gets out of the worker's, so what is left is found, and is the worker until it ends.

// awaitBackground returns when what the first process has left ends, too. A process that was sent a signal has not left anything on purpose.
func (c *child) awaitBackground(exit keeper.Exit) {
	if c.asked == nil || !exit.Success() || c.process.Group == "" {
		return
	}
	for !c.signalled.Load() {
		heirs := c.heirs()
		if len(heirs) == 0 {
			return
		}
		if !c.background.Swap(true) {
			c.host.log.Info("worker goes on in the background", "service", c.spec.service.Name, "generation", c.spec.generation,
				"worker", c.spec.index, "pid", heirs[0])
		}
		if proctree.AwaitEnd(heirs[0]) != nil {
			return
		}
	}
}

// heirs are the processes of the worker's group that have their parent outside of it.
func (c *child) heirs() (list []int) {
	g, err := cgroup.At(c.process.Group)
	if err != nil {
		return nil
	}
	pids, _ := g.Procs()
	for _, pid := range pids {
		parent := proctree.Parent(pid)
		if path, err := cgroup.PathOf(parent); err != nil || !g.Holds(path) || parent == c.process.Root {
			list = append(list, pid)
		}
	}
	return list
}

// signalBackground sends a signal to the main process of a program in the background.
func (c *child) signalBackground(sig syscall.Signal) error {
	for _, pid := range c.heirs() {
		p, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		// Found first and looked at then: it cannot come to mean another process.
		if path, err := cgroup.PathOf(pid); err == nil && cgroup.Within(path, c.process.Group) {
			_ = p.Signal(sig)
		}
		_ = p.Release()
	}
	return nil
}
