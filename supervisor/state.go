package supervisor

import (
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// What is saved of a service, as JSON. A manager that starts anew goes on from it, so everything is in it that decides what
// happens next; what can be seen on the processes themselves is not. Times are absolute. Fields that a newer version added
// survive being read and saved by this one, see extra.
//
// A state is as it was between two notes of the service's loop. The effects of the last note (a process started, a signal
// sent) may not have happened yet: resume has those once more that can be told to be missing.

// stateVersion is raised when an older version could no longer make sense of what is saved. Fields that it may ignore do not
// raise it.
const stateVersion = 1

type serviceState struct {
	Version     int               `json:"version"`
	Name        string            `json:"name"`
	Settings    settingsState     `json:"settings"`
	Asked       bool              `json:"asked,omitempty"`
	WasUp       bool              `json:"was_up,omitempty"`
	Halting     bool              `json:"halting,omitempty"`
	Leaving     bool              `json:"leaving,omitempty"`
	Number      int               `json:"number"`
	Serial      int               `json:"serial"`
	Crashes     int               `json:"crashes"`
	Reason      string            `json:"reason,omitempty"`
	Refused     string            `json:"refused,omitempty"`
	RefusedOf   string            `json:"refused_of,omitempty"` // name of the configuration's text that was refused
	Current     int               `json:"current,omitempty"`    // number of the current generation; 0 while stopped
	Former      []int             `json:"former,omitempty"`
	Generations []generationState `json:"generations,omitempty"`
	Rollout     *rolloutState     `json:"rollout,omitempty"`
	Reserve     *reserveState     `json:"reserve,omitempty"`
	Queue       []operationState  `json:"queue,omitempty"`
	Stored      []storedState     `json:"stored,omitempty"`
	StoredLast  uint32            `json:"stored_last,omitempty"`
	Extra       extra             `json:"-"`
}

// settingsState is settings with the name of a configuration's text in place of the configuration.
type settingsState struct {
	Source  string `json:"source"`
	Workers int    `json:"workers"`
}

type generationState struct {
	Number   int                   `json:"number"`
	Source   string                `json:"source"`
	Leases   []registry.LeaseState `json:"leases,omitempty"`
	Promoted bool                  `json:"promoted,omitempty"`
	Prepared bool                  `json:"prepared,omitempty"`
	Stopping bool                  `json:"stopping,omitempty"`
	Parked   bool                  `json:"parked,omitempty"`
	Closed   bool                  `json:"closed,omitempty"`
	StopHook hookState             `json:"stop_hook,omitempty"`
	Hook     *hookRunState         `json:"hook,omitempty"`
	Boot     *slotState            `json:"boot,omitempty"`
	Slots    []slotState           `json:"slots,omitempty"`
	Extra    extra                 `json:"-"`
}

type hookRunState struct {
	Name    string        `json:"name"`
	ID      string        `json:"id"`
	Allowed time.Duration `json:"allowed,omitempty"`
	Until   time.Time     `json:"until,omitzero"`
	Late    string        `json:"late,omitempty"`
	Unasked bool          `json:"unasked,omitempty"`
}

type slotState struct {
	Index    int          `json:"index"`
	Failures int          `json:"failures,omitempty"`
	RetryAt  time.Time    `json:"retry_at,omitzero"` // only while it waits for that
	LastExit string       `json:"last_exit,omitempty"`
	Finished bool         `json:"finished,omitempty"`
	Retired  bool         `json:"retired,omitempty"`
	Ailing   bool         `json:"ailing,omitempty"`
	Worker   *workerState `json:"worker,omitempty"`
	Extra    extra        `json:"-"`
}

type workerState struct {
	ID         string        `json:"id"`
	Phase      string        `json:"phase"`
	Launched   bool          `json:"launched,omitempty"`
	PID        int           `json:"pid,omitempty"`
	StartedAt  time.Time     `json:"started_at"`
	LaunchedAt time.Time     `json:"launched_at,omitzero"`
	ReadyAt    time.Time     `json:"ready_at,omitzero"`
	Signalled  bool          `json:"signalled,omitempty"`
	Baked      bool          `json:"baked,omitempty"`
	Stopping   bool          `json:"stopping,omitempty"`
	Status     string        `json:"status,omitempty"`
	Failure    string        `json:"failure,omitempty"`
	Stopped    bool          `json:"stopped,omitempty"`
	DeadlineAt time.Time     `json:"deadline_at,omitzero"` // only while it has one
	DrainUntil time.Time     `json:"drain_until,omitzero"` // left alone so long, unless its connections end before
	Interval   time.Duration `json:"watchdog,omitempty"`
	HealthyAt  time.Time     `json:"healthy_at,omitzero"`

	Shown      bool            `json:"shown,omitempty"`
	Adopted    []AdoptedStatus `json:"adopted,omitempty"`
	ListenedAt time.Time       `json:"listened_at,omitzero"`
	Strange    []string        `json:"strange,omitempty"`
	Past       string          `json:"past,omitempty"`

	Extra extra `json:"-"`
}

type rolloutState struct {
	From      int           `json:"from"`
	To        int           `json:"to"`
	Step      string        `json:"step"`
	StartedAt time.Time     `json:"started_at"`
	Announced bool          `json:"announced,omitempty"`
	Hooking   bool          `json:"hooking,omitempty"`
	Failed    *RolloutError `json:"failed,omitempty"`
	Before    settingsState `json:"before"`
	Canary    canaryState   `json:"canary,omitzero"` // that is asked for
	Share     float64       `json:"share,omitempty"` // of new connections, now
	Until     time.Time     `json:"until,omitzero"`
	Final     bool          `json:"final,omitempty"`
	Extra     extra         `json:"-"`
}

type canaryState struct {
	Share float64       `json:"share"`
	For   time.Duration `json:"for,omitempty"`
}

// reserveState is the generation to which the service can go back at once.
type reserveState struct {
	Generation int           `json:"generation"`
	Settings   settingsState `json:"settings"`
	Keep       time.Duration `json:"keep"`
	Until      time.Time     `json:"until"`
	Extra      extra         `json:"-"`
}

// storedState is a descriptor that a worker has stored, held under storeName.
type storedState struct {
	Number   uint32 `json:"number"`
	Name     string `json:"name"`
	Unpolled bool   `json:"unpolled,omitempty"`
	Extra    extra  `json:"-"`
}

type operationState struct {
	Kind    string       `json:"kind"`
	Source  string       `json:"source,omitempty"` // of the configuration to go on with; empty: the one it has
	Workers int          `json:"workers,omitempty"`
	Running bool         `json:"running,omitempty"`
	Canary  *canaryState `json:"canary,omitempty"`
	Extra   extra        `json:"-"`
}

// snapshot is the state of the service as it is now.
func (s *service) snapshot() serviceState {
	st := serviceState{
		Version: stateVersion, Name: s.name, Settings: s.settings.state(s.library),
		Asked: s.asked, WasUp: s.wasUp, Halting: s.halting, Leaving: s.leaving,
		Number: s.number, Serial: s.serial, Crashes: s.crashes, Reason: s.reason, Refused: s.refused, RefusedOf: s.refusedOf, Extra: s.extra,
	}
	if s.current != nil {
		st.Current = s.current.number
	}
	for _, g := range s.former {
		st.Former = append(st.Former, g.number)
	}
	for _, g := range s.generations() {
		st.Generations = append(st.Generations, g.state(s.library))
	}
	if s.rollout != nil {
		st.Rollout = s.rollout.state(s.library)
	}
	if s.reserve != nil {
		st.Reserve = s.reserve.state(s.library)
	}
	for _, op := range s.queue {
		st.Queue = append(st.Queue, op.state(s.library))
	}
	st.Stored, st.StoredLast = s.store.state(), s.store.last
	return st
}

func (v settings) state(l *library) settingsState {
	return settingsState{Source: l.name(v.cfg.Source), Workers: v.workers}
}

func (g *generation) state(l *library) generationState {
	st := generationState{
		Number: g.number, Source: l.name(g.cfg.Source), Promoted: g.promoted, Prepared: g.prepared, Stopping: g.stopping,
		Parked: g.parked, Closed: g.closed, StopHook: g.stopHook, Extra: g.extra,
	}
	for _, lease := range g.leases {
		st.Leases = append(st.Leases, lease.State())
	}
	if g.hook != nil {
		st.Hook = &hookRunState{Name: g.hook.name, ID: g.hook.id, Allowed: g.hook.allowed, Until: g.hook.until, Late: g.hook.late, Unasked: g.hook.unasked}
	}
	if g.boot.failures > 0 {
		boot := g.boot.state()
		st.Boot = &boot
	}
	for _, sl := range g.slots {
		st.Slots = append(st.Slots, sl.state())
	}
	return st
}

func (sl *slot) state() slotState {
	st := slotState{Index: sl.index, Failures: sl.failures, LastExit: sl.lastExit, Finished: sl.finished, Retired: sl.retired, Ailing: sl.ailing, Extra: sl.extra}
	if sl.retry != nil {
		st.RetryAt = sl.retryAt
	}
	if w := sl.worker; w != nil {
		st.Worker = w.state()
	}
	return st
}

func (w *worker) state() *workerState {
	st := &workerState{
		ID: w.id, Phase: w.phase.String(), Launched: w.launched, PID: w.pid, StartedAt: w.startedAt, LaunchedAt: w.launchedAt, ReadyAt: w.readyAt,
		Signalled: w.signalled, Baked: w.baked, Stopping: w.stopping, Status: w.status, Failure: w.failure, Stopped: w.stopped, Interval: w.interval, HealthyAt: w.healthyAt,
		DrainUntil: w.drain.until, Shown: w.shown, Adopted: slices.Clone(w.adopted), ListenedAt: w.listenedAt, Strange: slices.Clone(w.strange), Past: w.past,
		Extra: w.extra,
	}
	if w.deadline != nil {
		st.DeadlineAt = w.deadlineAt
	}
	return st
}

func (r *rollout) state(l *library) *rolloutState {
	return &rolloutState{
		From: r.from.number, To: r.to.number, Step: r.step, StartedAt: r.startedAt, Announced: r.announced, Hooking: r.hooking,
		Failed: r.failed, Before: r.before.state(l), Canary: canaryState(r.canary), Share: r.share, Until: r.until, Final: r.final, Extra: r.extra,
	}
}

func (v *reserve) state(l *library) *reserveState {
	return &reserveState{Generation: v.gen.number, Settings: v.settings.state(l), Keep: v.keep, Until: v.until, Extra: v.extra}
}

func (op *operation) state(l *library) operationState {
	st := operationState{Kind: op.kind.String(), Workers: op.workers, Running: op.running, Extra: op.extra}
	if op.cfg != nil {
		st.Source = l.name(op.cfg.Source)
	}
	if op.canary != nil {
		c := canaryState(*op.canary)
		st.Canary = &c
	}
	return st
}
