package adopt

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// listen answers listen(2). It is never carried out by the kernel on a socket of ours: the backlog is the configured one.
func (s *server) listen(q question) verdict {
	d, err := s.fetch(q.notice, q.descriptor())
	if err != nil {
		return s.notIntercepted(q.notice, Event{}, err)
	}
	defer d.Close()
	sock, ok := natureOf(d)
	if !ok || !sock.connects() {
		return pass()
	}
	for i := range s.o.Listeners {
		model := s.o.Sockets.Model(i)
		if !boundAlike(d, model.Descriptor()) {
			continue
		}
		mode := s.modeOf(i, sock)
		if mode == Own || !listens(d) { // the one who was killed may have come half of the way: joining again does no harm
			if err := s.o.Sockets.Join(i, d); err != nil {
				return s.instead(q, i, d, sock, err)
			}
			mode = Own
			s.step("joined")
		}
		s.tell(q, Listened, i, mode, model.Address().String())
		return succeed()
	}
	return pass()
}

// instead gives the program a socket of supervise when its own could not join. It must not listen by itself then: it would be in the
// kernel's group without being known.
func (s *server) instead(q question, i int, d *fdpass.Descriptor, sock nature, why error) verdict {
	name, address := s.o.Listeners[i].Name, s.o.Sockets.Model(i).Address().String()
	if err := s.openAndReplace(q, i, d, sock); err != nil {
		s.once(q.notice, Event{Kind: Refused, Listener: name, Address: address,
			Why: fmt.Sprintf("listen is answered \"address in use\": its socket cannot join: %v; and none of ours: %v", why, err)})
		return refuse(unix.EADDRINUSE)
	}
	s.tell(q, Listened, i, Inject, address)
	return succeed()
}
