package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// groups are the control groups of the processes that are started, where the machine lets supervise make some. It is its own monitor.
type groups struct {
	// fixed after openGroups
	keeper   keeper.Keeper
	root     int // process from which all of supervise's own descend
	log      hclog.Logger
	instance *cgroup.Instance // nil: there are none
	missing  error            // why

	mu      sync.Mutex
	enabled map[string]bool // controllers
	failed  bool            // it has been said that there is no group for a process
}

// groupPart is what the keeper holds the group of this supervise under: while it lives, nobody else takes that over.
const groupPart = "cgroup"

// clearTimeout bounds how long a start waits for processes of an earlier supervise to die.
const clearTimeout = 5 * time.Second

// openGroups makes the group in which those of the workers will be, or goes on with that of an earlier manager. What is left in it of a
// supervise that was killed with its keeper is cleared away: those processes would have the addresses that listeners are to be opened at.
func openGroups(o Options) *groups {
	g := &groups{keeper: o.Keeper, root: o.KeeperPID, log: o.Log, enabled: map[string]bool{}}
	if g.instance, g.missing = g.openInstance(o); g.missing != nil {
		g.log.Debug("no control groups", "reason", g.missing)
		return g
	}
	keep := map[string]bool{}
	if o.Before != nil {
		for _, p := range o.Before.Workers {
			keep[p.Group] = true
		}
	}
	killed, err := g.instance.Clear(keep, clearTimeout)
	if killed > 0 {
		g.log.Warn("processes of an earlier supervise killed", "count", killed)
	}
	if err != nil {
		g.log.Warn("what an earlier supervise has left is not cleared away", "error", err)
	}
	return g
}

func (g *groups) openInstance(o Options) (*cgroup.Instance, error) {
	if i := g.heldInstance(o.Before); i != nil {
		return i, nil
	}
	if g.keeper == nil {
		return nil, errors.New("there is no keeper to hold them")
	}
	place, err := cgroup.Find()
	if err != nil {
		return nil, err
	}
	i, err := place.Open(groupName(o.RuntimeDir))
	if err != nil {
		return nil, err
	}
	d, err := fdpass.FromFile(i.File())
	if err == nil {
		err = errors.Join(g.keeper.Hold(groupPart, d), d.Close())
	}
	if err != nil {
		_ = i.Remove()
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// heldInstance is the one of an earlier manager.
func (g *groups) heldInstance(before *keeper.Inventory) *cgroup.Instance {
	if before == nil {
		return nil
	}
	d := before.Take(groupPart)
	if d == nil {
		return nil
	}
	f, err := fdpass.ToFile(d, groupPart)
	if err != nil {
		_ = d.Close()
		return nil
	}
	i, err := cgroup.Reopen(f)
	if err != nil {
		g.log.Warn("control group of the manager before is lost", "error", err)
		return nil
	}
	return i
}

// groupName tells one supervise from the others of the machine, for people and for its own next start: both have the same runtime folder.
func groupName(runtimeDir string) string {
	sum := sha256.Sum256([]byte(runtimeDir))
	name := strings.TrimSuffix(filepath.Base(runtimeDir), ".run")
	return name[:min(len(name), 64)] + "-" + hex.EncodeToString(sum[:4])
}

// close removes what is empty, unless another manager has the keeper by now. Groups of processes that live on stay, for the next start.
func (g *groups) close() {
	if g == nil || g.instance == nil {
		return
	}
	if g.keeper.Drop(groupPart) == nil {
		_ = g.instance.Remove() // our own descriptor still keeps others out
	}
	_ = g.instance.Close()
}

// make makes a group; nil without an error where there is none, and nothing is to be limited.
func (g *groups) make(label string, l cgroup.Limits) (*cgroup.Group, error) {
	if g == nil || g.instance == nil {
		if l.None() {
			return nil, nil
		}
		return nil, g.unlimited(nil)
	}
	err := g.enable(l.Controllers())
	var group *cgroup.Group
	if err == nil {
		group, err = g.instance.Make(label, l)
	}
	switch {
	case err == nil:
		return group, nil
	case l.None():
		g.without(err)
		return nil, nil
	}
	return nil, g.unlimited(err)
}

// unlimited is why a worker is not started that was to be limited.
func (g *groups) unlimited(err error) error {
	if err == nil && g != nil {
		err = g.missing
	}
	return fmt.Errorf("cannot keep memory_max, cpu_max or pids_max of limits: %w (supervise doctor says what helps; or remove limits)", err)
}

// without says once that a process is started without a group of its own.
func (g *groups) without(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.failed {
		g.failed = true
		g.log.Warn("no control group for a process; it is recognised by what else there is", "error", err)
	}
}

// enable has the controllers in every group that is made from here on.
func (g *groups) enable(controllers []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var missing []string
	for _, c := range controllers {
		if !g.enabled[c] {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := g.instance.Enable(missing, g.root); err != nil {
		return err
	}
	for _, c := range missing {
		g.enabled[c] = true
	}
	return nil
}
