package supervisor

import (
	"errors"
	"fmt"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

func limitsOf(m config.Max) cgroup.Limits {
	return cgroup.Limits{Memory: m.Memory, CPU: m.CPU, PIDs: uint64(m.PIDs)}
}

// limitTexts are the limits of a service, as they may be written.
func limitTexts(s *config.Service) (list []string) {
	for _, l := range s.Limits {
		list = append(list, limitText(l))
	}
	if s.Max.Memory > 0 {
		list = append(list, "memory_max = "+cgroup.Bytes(s.Max.Memory))
	}
	if s.Max.CPU > 0 {
		list = append(list, fmt.Sprintf("cpu_max = %g (CPUs)", s.Max.CPU))
	}
	if s.Max.PIDs > 0 {
		list = append(list, fmt.Sprintf("pids_max = %d", s.Max.PIDs))
	}
	return list
}

func limitText(l config.Limit) string {
	show := func(n uint64) string {
		switch {
		case n == ^uint64(0):
			return "unlimited"
		case l.Resource == "core":
			return cgroup.Bytes(n)
		}
		return fmt.Sprint(n)
	}
	text := l.Resource + " = " + show(l.Soft)
	if l.Hard != l.Soft {
		text += ":" + show(l.Hard)
	}
	return text
}

// limitsHere is why the limits could not be kept if the service were started by this process; "" when they could.
func limitsHere(s *config.Service) string {
	l := limitsOf(s.Max)
	if l.None() || keeperLimits {
		return ""
	}
	place, err := cgroup.Find()
	if err == nil {
		err = place.Offers(l.Controllers())
	}
	if err == nil {
		return ""
	}
	return "started from here, its workers would not run for want of what limits needs: " + err.Error()
}

// spawn has the keeper start a process, in a group of its own where there are groups. One that is to be limited is never started without.
func (h *host) spawn(s keeper.Spawn, l cgroup.Limits) (keeper.Process, error) {
	if keeperLimits {
		s.Limits = keeper.Limits{Memory: l.Memory, CPU: l.CPU, PIDs: int(l.PIDs)}
		return h.keeper.Spawn(s)
	}
	group, err := h.groups.make(s.Label, l)
	if err != nil {
		return keeper.Process{}, err
	}
	if group == nil {
		return h.keeper.Spawn(s)
	}
	s.Group = group
	p, err := h.keeper.Spawn(s)
	if err == nil {
		h.settle(p, group, l)
		return p, nil
	}
	if why := outOfMemory(group); why != "" {
		err = fmt.Errorf("%w (%s)", err, why)
	}
	_ = group.Kill(clearTimeout)
	_ = group.Remove()
	if failure := (*stage.Failure)(nil); !l.None() || errors.As(err, &failure) {
		return p, err
	}
	h.groups.without(err)
	s.Group = nil
	return h.keeper.Spawn(s)
}

// settle puts the last limits in force.
func (h *host) settle(p keeper.Process, group *cgroup.Group, l cgroup.Limits) {
	if err := group.Settle(l); err != nil {
		h.log.Error("limit is not in force, the worker is killed", "group", group.Path(), "error", err)
		_ = h.keeper.Kill(p.ID)
	}
}

// outOfMemory says that the kernel has killed the processes of the group, which it does all together; "" when it has not.
func outOfMemory(g *cgroup.Group) string {
	limit, killed := g.OutOfMemory()
	switch {
	case !killed:
		return ""
	case limit == "":
		return "out of memory: the machine, or a group around it"
	}
	return "out of memory: limits.memory_max = " + limit
}

// explain adds to an exit what the group of the process knows.
func explain(exit keeper.Exit, p keeper.Process) keeper.Exit {
	if p.Group == "" || exit.Signal == 0 {
		return exit
	}
	if g, err := cgroup.At(p.Group); err == nil {
		exit.OutOfMemory = outOfMemory(g)
	}
	return exit
}
