package supervisor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
)

// readService reads what a manager has saved of a service.
func readService(name string, text []byte) (serviceState, error) {
	var st serviceState
	if err := json.Unmarshal(text, &st); err != nil {
		return st, fmt.Errorf("cannot read the state of service %q: %w", name, err)
	}
	if st.Version < 1 || st.Version > stateVersion {
		return st, fmt.Errorf("cannot read the state of service %q: it has version %d, and this supervise (%d) is older", name, st.Version, stateVersion)
	}
	if st.Name != name {
		return st, fmt.Errorf("cannot read the state of service %q: it is of service %q", name, st.Name)
	}
	return st, nil
}

// restored makes a service of its saved state. Nothing happens before resume.
func restored(st serviceState, r runner, so sockets, l *library, report func(Event)) (*service, error) {
	now, err := st.Settings.settings(st.Name, l)
	if err != nil {
		return nil, notResumed(st.Name, err)
	}
	s := newService(now.cfg, now.all, r, so, l, report)
	s.settings = now
	s.asked, s.halting, s.leaving, s.number, s.serial, s.crashes = st.Asked, st.Halting, st.Leaving, st.Number, st.Serial, st.Crashes
	s.reason, s.refused, s.refusedOf, s.extra = st.Reason, st.Refused, st.RefusedOf, st.Extra
	s.store.restore(st)
	if st.WasUp {
		s.cameUp()
	}
	by := map[int]*generation{}
	for _, gs := range st.Generations {
		if by[gs.Number], err = gs.generation(st.Name, l); err != nil {
			return nil, notResumed(st.Name, err)
		}
	}
	if err := s.place(st, by); err != nil {
		return nil, notResumed(st.Name, err)
	}
	return s, nil
}

func notResumed(name string, err error) error {
	return fmt.Errorf("cannot go on with service %q: %w", name, err)
}

// place puts generations and operations where they were.
func (s *service) place(st serviceState, by map[int]*generation) error {
	if st.Current != 0 {
		if s.current = by[st.Current]; s.current == nil {
			return fmt.Errorf("its generation %d is missing", st.Current)
		}
	}
	for _, n := range st.Former {
		if by[n] == nil {
			return fmt.Errorf("its generation %d is missing", n)
		}
		s.former = append(s.former, by[n])
	}
	for _, op := range st.Queue {
		o, err := op.operation(s.name, s.library)
		if err != nil {
			return err
		}
		s.queue = append(s.queue, o)
	}
	if err := s.restoreReserve(st.Reserve, by); err != nil || st.Rollout == nil {
		return err
	}
	return s.restoreRollout(st.Rollout, by)
}

func (s *service) restoreReserve(st *reserveState, by map[int]*generation) error {
	if st == nil {
		return nil
	}
	v := &reserve{gen: by[st.Generation], keep: st.Keep, until: st.Until, extra: st.Extra}
	if v.gen == nil {
		return fmt.Errorf("its generation %d is missing", st.Generation)
	}
	var err error
	v.settings, err = st.Settings.settings(s.name, s.library)
	s.reserve = v
	if v.gen.stopping {
		v.gen.whenGone = append(v.gen.whenGone, func() { s.dismissed(v) })
	}
	return err
}

func (s *service) restoreRollout(st *rolloutState, by map[int]*generation) error {
	before, err := st.Before.settings(s.name, s.library)
	if err != nil {
		return err
	}
	r := &rollout{
		from: by[st.From], to: by[st.To], step: st.Step, startedAt: st.StartedAt, announced: st.Announced, hooking: st.Hooking,
		failed: st.Failed, before: before, extra: st.Extra,
		trial: trial{canary: config.Canary(st.Canary), share: st.Share, until: st.Until, final: st.Final},
	}
	if r.to == nil {
		return fmt.Errorf("its generation %d is missing", st.To)
	}
	if r.from == nil { // a stop has ended it while the new one was given up
		r.from = newGeneration(st.From, r.to.cfg, r.to.all, 0)
		r.from.stopping, r.from.closed = true, true
	}
	s.rollout = r
	switch {
	case r.failed != nil:
		r.to.whenGone = append(r.to.whenGone, func() { s.rolledBack(r) })
	case r.to.promoted:
		r.from.whenGone = append(r.from.whenGone, func() { s.retired(r) })
	}
	return nil
}

func (st settingsState) settings(name string, l *library) (settings, error) {
	cfg, all, err := l.service(st.Source, name)
	return settings{cfg, all, st.Workers}, err
}

func (st operationState) operation(name string, l *library) (*operation, error) {
	kind := slices.Index(operationNames[:], st.Kind)
	if kind < 0 {
		return nil, fmt.Errorf("there is no operation %q in this version", st.Kind)
	}
	op := &operation{kind: operationKind(kind), workers: st.Workers, running: st.Running, extra: st.Extra}
	if st.Canary != nil {
		c := config.Canary(*st.Canary)
		op.canary = &c
	}
	if st.Source == "" {
		return op, nil
	}
	var err error
	op.cfg, op.all, err = l.service(st.Source, name)
	return op, err
}

func (st generationState) generation(name string, l *library) (*generation, error) {
	cfg, all, err := l.service(st.Source, name)
	if err != nil {
		return nil, err
	}
	g := newGeneration(st.Number, cfg, all, 0)
	g.promoted, g.prepared, g.stopping, g.parked, g.closed = st.Promoted, st.Prepared, st.Stopping, st.Parked, st.Closed
	g.stopHook, g.before, g.extra = st.StopHook, st.Leases, st.Extra
	if h := st.Hook; h != nil {
		g.hook = &hookRun{name: h.Name, id: h.ID, allowed: h.Allowed, until: h.Until, late: h.Late, unasked: h.Unasked}
	}
	if st.Boot != nil {
		g.boot.failures, g.boot.retryAt = st.Boot.Failures, st.Boot.RetryAt
	}
	for _, ss := range st.Slots {
		sl, err := ss.slot(g)
		if err != nil {
			return nil, err
		}
		g.slots = append(g.slots, sl)
	}
	return g, nil
}

func (st slotState) slot(g *generation) (*slot, error) {
	sl := &slot{
		index: st.Index, failures: st.Failures, retryAt: st.RetryAt, lastExit: st.LastExit, finished: st.Finished, retired: st.Retired, ailing: st.Ailing,
		extra: st.Extra,
	}
	if st.Worker == nil {
		return sl, nil
	}
	w := st.Worker
	p := slices.Index(phaseNames[:], w.Phase)
	if p < 0 || phase(p) == gone {
		return nil, fmt.Errorf("a worker of generation %d is in phase %q, which there is not in this version", g.number, w.Phase)
	}
	sl.worker = &worker{
		gen: g, slot: sl, index: sl.index, phase: phase(p), id: w.ID, launched: w.Launched, pid: w.PID, startedAt: w.StartedAt, launchedAt: w.LaunchedAt,
		readyAt: w.ReadyAt, signalled: w.Signalled, baked: w.Baked, stopping: w.Stopping, status: w.Status, failure: w.Failure, stopped: w.Stopped,
		deadlineAt: w.DeadlineAt, drain: drain{until: w.DrainUntil}, interval: w.Interval, healthyAt: cmp.Or(w.HealthyAt, w.ReadyAt), extra: w.Extra,
		shown: w.Shown, adopted: w.Adopted, listenedAt: w.ListenedAt, strange: w.Strange, past: w.Past,
	}
	return sl, nil
}
