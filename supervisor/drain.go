package supervisor

import (
	"fmt"
	"time"
)

// A worker that is asked to stop, and that gets no new connections any more, is left alone until it has none: then nothing is cut by whatever
// the program does on its stop signal. Counting asks the kernel and may take a while, so a goroutine does it and posts what it has found.

const (
	// countPause is the time between two counts while a worker has no connection, and the first one while it has some. With each count it
	// grows, by half, to countPauseMax: idle clients may stay for minutes.
	countPause    = 50 * time.Millisecond
	countPauseMax = time.Second
	// unseenFor is how long a worker must be without connections that may be on their way to it, unseen: longer than most handshakes take.
	unseenFor = time.Second
)

// drain is how far a worker has come that is left alone until its connections are gone. Only its service's loop touches it.
type drain struct {
	until  time.Time // zero: it is not, or no longer
	timer  *time.Timer
	told   bool      // how many connections it has
	open   int       // at the last count; unknown before it
	noneAt time.Time // since when every count has found none; zero: the last one has
}

// counter is the counting of a generation's connections while any of its workers is left alone.
type counter struct {
	pause time.Duration // zero: nobody counts
	timer *time.Timer
}

func (s *service) enterDraining(w *worker) {
	s.tellSockets(w, "draining")
	if s.drains(w) {
		w.drain = drain{until: time.Now().Add(w.gen.cfg.Stop.Drain)}
		s.leaveAlone(w, 0)
		return
	}
	s.emit(w.event(KindWorkerDraining, "worker draining"))
	s.endWorker(w)
}

// endWorker asks a worker to end, and has it killed at stop.timeout.
func (s *service) endWorker(w *worker) {
	if w.gen.cfg.Stop.Timeout == 0 {
		s.step(w, ranOut)
		return
	}
	w.arm(s, w.gen.cfg.Stop.Timeout)
	if w.launched {
		s.askToStop(w)
	}
}

// askToStop sends the stop signal, once: a second one ends many programs at once.
func (s *service) askToStop(w *worker) {
	s.later(func() {
		w.signalled, s.changed = true, true
		s.signal(w, stopSignal(w.gen))
	})
}

// drains is whether to leave w alone before its stop signal: it runs, nothing new comes to it, and that is wanted.
func (s *service) drains(w *worker) bool {
	return w.gen.cfg.Stop.Drain > 0 && w.launched && !s.killed && (s.rests(w.gen) || w.gen.divided())
}

// rests is whether no new connections come to any worker of g.
func (s *service) rests(g *generation) bool {
	r := s.rollout
	return g.stopping || g.parked && r != nil && r.to.cfg.Rollout.Strategy == "replace"
}

// divided is whether each worker of g has its own sockets, so that one of them can be left out alone.
func (g *generation) divided() bool {
	for _, name := range g.cfg.Listeners {
		if l := g.all.Listener(name); l == nil || l.Sharing != "worker" {
			return false
		}
	}
	return len(g.cfg.Listeners) > 0
}

// leaveAlone begins to wait for the last connection of w, in no less than the given time.
func (s *service) leaveAlone(w *worker, least time.Duration) {
	w.drain.open = unknown
	s.after(&w.drain.timer, max(time.Until(w.drain.until), least), func() { s.drainedTooLong(w) })
	if g := w.gen; g.counter.pause == 0 {
		g.counter.pause = countPause
		s.later(func() { s.count(g) })
	}
}

// leftAlone are the workers of g whose connections are waited for.
func (g *generation) leftAlone() (list []*worker) {
	for _, sl := range g.slots {
		if w := sl.worker; w != nil && w.phase == draining && !w.drain.until.IsZero() {
			list = append(list, w)
		}
	}
	return list
}

// count begins a count, of what is on its way first: what arrives between the two is seen by the second.
func (s *service) count(g *generation) {
	workers := g.leftAlone()
	if len(workers) == 0 {
		g.counter.pause = 0
		return
	}
	holders := make([]holder, len(workers))
	for i, w := range workers {
		holders[i] = w.steeredHolder()
	}
	user, rests := s.user(g), s.rests(g)
	go func() {
		var waiting int
		var err error
		if rests {
			waiting, err = s.sockets.Quiet(user)
		}
		open := s.runner.connections(holders)
		s.post(func() { s.counted(g, workers, open, waiting, err) })
	}()
}

// counted takes in a count, and lets those go on to their stop signal that have nothing left.
func (s *service) counted(g *generation, workers []*worker, open []int, waiting int, err error) {
	some := waiting > 0 || err != nil
	for i, w := range workers {
		if w.phase == draining && !w.drain.until.IsZero() {
			s.countedOf(w, open[i], waiting, err)
			some = some || open[i] != 0
		}
	}
	g.counter.pause = min(g.counter.pause*3/2, countPauseMax)
	if !some {
		g.counter.pause = countPause
	}
	s.after(&g.counter.timer, g.counter.pause, func() { s.count(g) })
}

func (s *service) countedOf(w *worker, open, waiting int, err error) {
	d := &w.drain
	d.open = open
	if !d.told {
		d.told = true
		s.tellDraining(w, err)
	}
	now := time.Now()
	switch {
	case open != 0 || waiting != 0 || err != nil:
		d.noneAt = time.Time{}
	case d.noneAt.IsZero():
		d.noneAt = now
	case s.rests(w.gen) || now.Sub(d.noneAt) >= unseenFor:
		s.endDrain(w)
	}
}

// tellDraining says what a worker is waited for.
func (s *service) tellDraining(w *worker, err error) {
	e := w.event(KindWorkerDraining, "worker draining ("+connectionsText(w.drain.open)+")")
	if err != nil {
		e.Error = err.Error()
	}
	s.emit(e)
}

// drainedTooLong ends a drain at its deadline, and says what that cuts.
func (s *service) drainedTooLong(w *worker) {
	if w.drain.open != 0 {
		s.emit(w.event(KindWorkerDraining, fmt.Sprintf("worker has %s after %s and is stopped all the same", connectionsText(w.drain.open), w.gen.cfg.Stop.Drain)))
	}
	s.endDrain(w)
}

// endDrain goes on to the stop signal.
func (s *service) endDrain(w *worker) {
	stop(&w.drain.timer)
	w.drain.until = time.Time{}
	s.endWorker(w)
}

// endDrains goes on to the stop signal of all workers of some generations, whatever they have open.
func (s *service) endDrains(generations ...*generation) {
	for _, g := range generations {
		for _, w := range g.leftAlone() {
			s.endDrain(w)
		}
	}
}

func connectionsText(n int) string {
	switch n {
	case unknown:
		return "an unknown number of connections"
	case 0:
		return "no connections"
	}
	return plural(n, "connection")
}
