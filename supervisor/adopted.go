package supervisor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A program that knows nothing of its listeners (handoff "adopt") is ready when it has shown what ready.when asks for and listens at all
// of them: an address that nobody intercepted would be its own, and not ours to keep open.

// mostStrange bounds how many addresses are remembered that a worker has bound and that are no listeners.
const mostStrange = 16

// shows takes in what ready.when asks for.
func (s *service) shows(w *worker) {
	w.shown = true
	if len(w.unheard()) == 0 {
		s.step(w, becameReady)
	}
}

// unheard are the listeners at which the program does not listen yet; none where it is given descriptors.
func (w *worker) unheard() []string {
	if !w.gen.cfg.Adopts() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(w.gen.cfg.Listeners), func(name string) bool { return w.adoption(name) >= 0 })
}

func (w *worker) adoption(listener string) int {
	return slices.IndexFunc(w.adopted, func(a AdoptedStatus) bool { return a.Listener == listener })
}

// listens takes in that the program listens at a listener. It may do so with several sockets, and anew.
func (s *service) listens(w *worker, h happening) {
	a := AdoptedStatus{Listener: h.name, Mode: h.mode}
	if i := w.adoption(a.Listener); i >= 0 {
		w.adopted[i] = a
		return
	}
	w.adopted = append(w.adopted, a)
	w.listenedAt = time.Now()
	e := w.event(KindWorkerAdopted, fmt.Sprintf("worker listens, mode %s", a.Mode))
	e.Listener = a.Listener
	s.emit(e)
	if len(w.unheard()) == 0 {
		s.listensEverywhere(w)
	}
}

// listensEverywhere goes on with a worker that waited only for that.
func (s *service) listensEverywhere(w *worker) {
	switch {
	case w.phase != starting:
	case w.shown:
		s.step(w, becameReady)
	case w.gen.cfg.Ready.When == "auto":
		s.awaitSettled(w, 0)
	}
}

// boundElsewhere reports an address that would be taken when the next generation binds to it.
func (s *service) boundElsewhere(w *worker, h happening) {
	if slices.Contains(w.strange, h.name) || len(w.strange) == mostStrange {
		return
	}
	w.strange = append(w.strange, h.name)
	e := w.event(KindWorkerUnmanaged, fmt.Sprintf("worker binds to %s, which is no listener", h.name))
	e.PID = h.pid
	e.Error = fmt.Sprintf("the next generation cannot bind to %s while this one has it, EADDRINUSE (add a listener with address = %q to the service, or give each worker a port of its own)", h.name, h.name)
	s.emit(e)
}

// wentPast takes in that a call was not answered: what the program has then is not supervise's.
func (s *service) wentPast(w *worker, h happening) {
	if w.past == h.err.Error() {
		return
	}
	w.past = h.err.Error()
	e := w.event(KindWorkerPast, "worker's bind or listen is not intercepted")
	e.PID, e.Listener, e.Error = h.pid, h.name, w.past
	s.emit(e)
}

// missed is what the worker has not done that would have made it ready.
func (w *worker) missed() string {
	unheard := w.unheard()
	if len(unheard) == 0 {
		return missed(w.gen.cfg.Ready.When, w.lacks)
	}
	name := unheard[0]
	text := fmt.Sprintf(": it does not listen at listener %q", name)
	if l := w.gen.all.Listener(name); l != nil {
		text = fmt.Sprintf(": it does not listen at listener %q, %s", name, l.Address)
	}
	switch {
	case w.past != "":
		return text + "; not intercepted: " + w.past
	case len(w.strange) > 0:
		return text + fmt.Sprintf(", but binds to %s (give the listener that address, or the program the listener's)", strings.Join(w.strange, ", "))
	}
	return text + " (have the program bind to exactly that address, or take the listener from the service)"
}

// withPast adds to a failure before it was ready why supervise may be the cause: the address is taken, by its own listener.
func (w *worker) withPast(text string) string {
	if w.past == "" {
		return text
	}
	return text + "; not intercepted: " + w.past
}
