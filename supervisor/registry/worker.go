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
	holds []*held
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
		r.started(at, e)
		return
	}
	w := r.find(at, e.PID)
	if w == nil {
		return // it has no listeners, or never ran
	}
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

func (r *Registry) started(at place, e WorkerEvent) {
	w := &worker{place: at, pid: e.PID, phase: Started}
	for _, name := range e.Names {
		if h := r.leasedAs(at.user, name); h != nil && !slices.Contains(w.holds, h) {
			w.holds = append(w.holds, h)
		}
	}
	r.workers[at] = append(r.workers[at], w)
	for _, h := range w.holds {
		h.workers = append(h.workers, w)
	}
	// It has run for a moment already, so it is among those who may have done what is wrong now.
	r.checkAll(w.holds, nil)
}

func (r *Registry) ready(w *worker) {
	if w.phase == Started {
		w.phase = Ready
	}
	r.checkAll(w.holds, w)
	for _, h := range w.holds {
		r.recheckLater(h, w)
	}
}

// recheckLater has h looked at once more, recheckDelay after the latest worker became ready; w is nil after a replay,
// when nobody knows whose readiness is how old.
func (r *Registry) recheckLater(h *held, w *worker) {
	if r.replaying {
		return
	}
	if w != nil {
		h.recent = append(h.recent, w)
	}
	r.after(h, &h.recheck, recheckDelay, func() {
		var by []*worker
		by, h.recent = h.recent, nil
		r.check(h, by)
	})
}

// after has run call f in a while, or a while later than was planned with the same timer.
func (r *Registry) after(h *held, timer **time.Timer, d time.Duration, f func()) {
	if *timer != nil {
		(*timer).Stop()
	}
	*timer = time.AfterFunc(d, func() {
		r.do(func() {
			if r.bySocket[h.socket] == h {
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
	for _, h := range w.holds {
		r.elect(h)
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
	for _, h := range w.holds {
		h.workers = slices.DeleteFunc(h.workers, isW)
		h.recent = slices.DeleteFunc(h.recent, isW)
		r.elect(h)
	}
}

// suspects are those who may have changed h when no single worker's event led to it.
func (h *held) suspects() []*worker {
	var likely []*worker
	for _, w := range h.workers {
		if w.phase != Ready || slices.Contains(h.recent, w) {
			likely = append(likely, w)
		}
	}
	if likely == nil {
		likely = h.workers
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
