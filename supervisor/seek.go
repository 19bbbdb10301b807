package supervisor

import (
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// seek implements process. A server closes what its own configuration does not name, and seems ready all the same.
func (c *child) seek() {
	given, names, sockets := c.layout.handoff.Numbers, c.spec.service.Listeners, []*fdpass.Descriptor{}
	for _, n := range given {
		if n.Socket >= len(c.spec.leases) {
			return
		}
		socket, err := c.spec.leases[n.Socket].Open(c.spec.index)
		if err != nil {
			return
		}
		sockets = append(sockets, socket.Descriptor())
	}
	go func() {
		root := []int{c.process.Root}
		if len(fdpass.Unheld(root, sockets)) == 0 {
			return // nearly always: looking for the rest of its tree goes through all processes there are
		}
		var lost []int
		for _, i := range fdpass.Unheld(c.process.Tree().Members(), sockets) {
			lost = append(lost, given[i].Socket)
		}
		if len(fdpass.Unheld(root, sockets)) == 0 {
			return // it has ended meanwhile
		}
		slices.Sort(lost)
		for _, i := range slices.Compact(lost) {
			c.tell(happening{kind: closedListener, name: names[i], err: fmt.Errorf(
				"nothing of it has listener %q open (have its own configuration use %s, or take the listener from the service)", names[i], c.spec.leases[i].Address())})
		}
	}()
}

// closed reports a listener that a worker should have open. One that was asked to stop, or has ended, closes its listeners as it should.
func (s *service) closed(w *worker, h happening) {
	if w.phase != ready {
		return
	}
	e := w.event(KindWorkerClosed, "worker is ready and has closed a listener: whoever connects there waits")
	e.Listener, e.Error = h.name, h.err.Error()
	s.emit(e)
}
