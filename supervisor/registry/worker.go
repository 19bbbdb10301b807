package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of WorkerEvent, in the order of a worker's life.
const (
	Started  = "started"  // its command runs
	Ready    = "ready"    // it serves
	Promoted = "promoted" // its generation is the current one
	Draining = "draining" // it was told to stop
	Gone     = "gone"     // its process tree has ended
)

// WorkerEvent is a step in the life of a worker that has listeners.
type WorkerEvent struct {
	Service    string
	Generation int
	Worker     int // index
	PID        int
	Names      []string // of the listeners, as acquired
	Kind       string   // Started, Ready, Promoted, Draining or Gone
}

// recheckDelay is how long after a worker became ready its listeners are looked at once more: many programs listen(2)
// again or set O_NONBLOCK only after they count as ready.
const recheckDelay = time.Second

// place is where a worker runs. Two workers can be in it for a time, one draining while the next starts.
type place struct {
	user  User
	index int
}

// worker is a living worker that holds listeners.
type worker struct {
	place
	pid   int
	phase string // Started, Ready or Draining
	holds []*member
}

// String gives "app.2/0 (pid 123)".
func (w *worker) String() string {
	return fmt.Sprintf("%s.%d/%d (pid %d)", w.user.Service, w.user.Generation, w.index, w.pid)
}

// WorkerEvent tells the guard about a worker. For every worker Started comes first and Gone last. It returns when the
// worker's listeners have been checked, and put back as they have to be.
func (r *Registry) WorkerEvent(e WorkerEvent) {
	r.do(func() { r.workerEvent(e) })
}

func (r *Registry) workerEvent(e WorkerEvent) {
	at := place{User{e.Service, e.Generation}, e.Worker}
	if e.Kind == Started {
		r.resteerFor(r.started(at, e))
		return
	}
	w := r.find(at, e.PID)
	if w == nil {
		return // it has no listeners, or never ran
	}
	defer r.resteerFor(w)
	switch e.Kind {
	case Ready:
		r.ready(w)
	case Promoted:
		r.promote(w)
	case Draining:
		w.phase = Draining
		r.checkAll(w.holds, nil)
	case Gone:
		r.gone(w)
	}
}

// find is by pid, and by place for one whose main process has changed.
func (r *Registry) find(at place, pid int) *worker {
	list := r.workers[at]
	for _, w := range list {
		if w.pid == pid {
			return w
		}
	}
	if len(list) == 0 {
		return nil
	}
	list[0].pid = pid
	return list[0]
}

func (r *Registry) started(at place, e WorkerEvent) *worker {
	w := &worker{place: at, pid: e.PID, phase: Started}
	for _, name := range e.Names {
		for _, m := range r.socketsOf(at, name) {
			if !slices.Contains(w.holds, m) {
				w.holds = append(w.holds, m)
			}
		}
	}
	r.workers[at] = append(r.workers[at], w)
	for _, m := range w.holds {
		m.workers = append(m.workers, w)
	}
	// It has run for a moment already, so it is among those who may have done what is wrong now.
	r.checkAll(w.holds, nil)
	return w
}

// resteerFor has new connections go where they belong now that w has come further.
func (r *Registry) resteerFor(w *worker) {
	for _, m := range w.holds {
		r.resteered(m.of)
	}
}

func (r *Registry) ready(w *worker) {
	if w.phase == Started {
		w.phase = Ready
	}
	r.checkAll(w.holds, w)
	for _, m := range w.holds {
		r.recheckLater(m, w)
	}
}

// recheckLater has m looked at once more, recheckDelay after the latest worker became ready; w is nil after a replay,
// when nobody knows whose readiness is how old.
func (r *Registry) recheckLater(m *member, w *worker) {
	if r.replaying {
		return
	}
	if w != nil {
		m.recent = append(m.recent, w)
	}
	r.after(m, &m.recheck, recheckDelay, func() {
		var by []*worker
		by, m.recent = m.recent, nil
		r.check(m, by)
	})
}

// after has run call f in a while, or a while later than was planned with the same timer.
func (r *Registry) after(m *member, timer **time.Timer, d time.Duration, f func()) {
	if *timer != nil {
		(*timer).Stop()
	}
	*timer = time.AfterFunc(d, func() {
		r.do(func() {
			if r.bySocket[m.socket] == m {
				f()
			}
		})
	})
}

func (r *Registry) promote(w *worker) {
	r.checkAll(w.holds, w)
	if r.promoted[w.user] == 0 && len(r.leases[w.user]) > 0 {
		r.promotions++
		r.promoted[w.user] = r.promotions
		r.dirty = true
	}
	for _, m := range w.holds {
		r.elect(m)
	}
}

func (r *Registry) gone(w *worker) {
	r.checkAll(w.holds, w)
	isW := func(other *worker) bool { return other == w }
	if rest := slices.DeleteFunc(r.workers[w.place], isW); len(rest) > 0 {
		r.workers[w.place] = rest
	} else {
		delete(r.workers, w.place)
	}
	for _, m := range w.holds {
		m.workers = slices.DeleteFunc(m.workers, isW)
		m.recent = slices.DeleteFunc(m.recent, isW)
		r.elect(m)
	}
	if w.phase == Draining {
		r.abandoned(w)
	}
}

// suspects are those who may have changed m when no single worker's event led to it.
func (m *member) suspects() []*worker {
	var likely []*worker
	for _, w := range m.workers {
		if w.phase != Ready || slices.Contains(m.recent, w) {
			likely = append(likely, w)
		}
	}
	if likely == nil {
		likely = m.workers
	}
	return slices.Clone(likely)
}

// maxNamed bounds a log line about a listener that thousands of workers hold.
const maxNamed = 8

// blame says as log pairs who did something.
func blame(suspects []*worker) []any {
	switch len(suspects) {
	case 0:
		return []any{"by", "unknown"}
	case 1:
		w := suspects[0]
		return []any{"service", w.user.Service, "generation", w.user.Generation, "worker", w.index, "pid", w.pid}
	}
	return []any{"by", "one of " + list(suspects)}
}

func list(workers []*worker) string {
	var names []string
	for _, w := range workers[:min(len(workers), maxNamed)] {
		names = append(names, w.String())
	}
	if more := len(workers) - maxNamed; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
