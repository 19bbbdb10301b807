package supervisor

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// rebuilt makes a service whose saved state cannot be read out of what can be seen: the names of its workers. Those of its newest
// generation are taken for ready and go on, those of older ones are asked to stop. Nothing that serves is lost by it.
func rebuilt(cfg *config.Service, all *config.Config, workers []keeper.Process, r runner, so sockets, l *library, report func(Event)) *service {
	s := newService(cfg, all, r, so, l, report)
	by := map[int]*generation{}
	for _, p := range workers {
		part := strings.Split(p.Name, "/")
		if len(part) < 4 || part[1] != cfg.Name {
			continue
		}
		serial, _ := strconv.Atoi(part[len(part)-1])
		number, err := strconv.Atoi(part[2])
		if err != nil {
			continue
		}
		s.serial, s.number = max(s.serial, serial), max(s.number, number)
		if index, err := strconv.Atoi(part[3]); part[0] == "worker" && err == nil {
			if by[number] == nil {
				by[number] = newGeneration(number, cfg, all, 0)
			}
			by[number].seen(p, index)
		}
	}
	s.asked = len(by) > 0
	for i, number := range slices.Backward(slices.Sorted(maps.Keys(by))) {
		g := by[number]
		if i == len(by)-1 {
			s.current = g
			s.workers = cfg.Workers
			for _, sl := range g.slots {
				s.workers = max(s.workers, sl.index+1)
			}
			g.resize(s.workers)
			slices.SortFunc(g.slots, func(a, b *slot) int { return a.index - b.index })
			s.cameUp()
		} else {
			g.stopping, g.stopHook = true, hookDone
			s.former = append(s.former, g)
		}
	}
	return s
}

// seen puts a process into a generation that is being rebuilt.
func (g *generation) seen(p keeper.Process, index int) {
	g.promoted, g.prepared = true, true
	for _, sl := range g.slots {
		if sl.index == index {
			return // a second one in the same place is on its way out, or never came to be
		}
	}
	sl := &slot{index: index}
	sl.worker = &worker{
		gen: g, slot: sl, index: index, phase: ready, id: p.Name, launched: true, pid: p.PID, baked: true, interval: g.cfg.Health.Watchdog,
		startedAt: p.StartedAt, launchedAt: p.StartedAt, readyAt: p.StartedAt,
	}
	g.slots = append(g.slots, sl)
}
