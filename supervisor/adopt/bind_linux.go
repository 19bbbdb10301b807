package adopt

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// bind answers bind(2).
func (s *server) bind(q question) verdict {
	size := int(int32(q.arguments[2]))
	if size < minSockaddr || size > maxSockaddr {
		return pass()
	}
	b, err := s.read(q.notice, q.arguments[1], size)
	if err != nil {
		return s.notIntercepted(q.notice, Event{}, err)
	}
	want, ok := parseSockaddr(b)
	if !ok {
		return pass()
	}
	d, err := s.fetch(q.notice, q.descriptor())
	if err != nil {
		return s.notIntercepted(q.notice, Event{Address: want.text(nature{})}, err)
	}
	defer d.Close()
	sock, ok := natureOf(d)
	if !ok || !sock.connects() {
		return pass()
	}
	return s.bindTo(q, want, d, sock)
}

// bindTo does so for a socket that connections can reach.
func (s *server) bindTo(q question, want sockaddr, d *fdpass.Descriptor, sock nature) verdict {
	address := want.text(sock)
	i, err := s.match(q, want, sock)
	if err != nil {
		return s.notIntercepted(q.notice, Event{Address: address}, err)
	}
	if i == noListener {
		s.once(q.notice, Event{Kind: Unmanaged, Address: address})
		return pass()
	}
	mode, err := s.adopt(q, i, d, sock)
	if err != nil {
		return s.notIntercepted(q.notice, Event{Address: address, Listener: s.o.Listeners[i].Name}, err)
	}
	s.tell(q, Bound, i, mode, address)
	return succeed()
}

// tell reports what happened to a listener, each time.
func (s *server) tell(q question, kind Kind, i int, mode Mode, address string) {
	s.o.Report(Event{Kind: kind, Listener: s.o.Listeners[i].Name, Mode: mode, PID: processOf(int(q.pid)), Address: address})
}

// adopt makes the program's descriptor one of the listener's sockets, in the best way that there is. It can be repeated.
func (s *server) adopt(q question, i int, d *fdpass.Descriptor, sock nature) (Mode, error) {
	if boundAlike(d, s.o.Sockets.Model(i).Descriptor()) {
		return s.modeOf(i, sock), s.rewatch(q, d)
	}
	if s.shares(i) {
		return Shared, s.openAndReplace(q, i, d, sock)
	}
	if left := s.abandoned(i); left != nil {
		return Inject, s.replace(q, d, sock, left)
	}
	if s.own(i, d, sock) == nil {
		return Own, nil
	}
	return Inject, s.openAndReplace(q, i, d, sock)
}

func (s *server) shares(i int) bool {
	return s.o.Listeners[i].Sharing != "generation" && s.o.Listeners[i].Sharing != "worker"
}

// modeOf says how a socket that is adopted already was.
func (s *server) modeOf(i int, sock nature) Mode {
	switch {
	case s.page.isOwn(sock.cookie):
		return Own
	case s.shares(i):
		return Shared
	}
	return Inject
}

func (s *server) openAndReplace(q question, i int, d *fdpass.Descriptor, sock nature) error {
	socket, err := s.o.Sockets.Open(i)
	if err != nil {
		return err
	}
	return s.replace(q, d, sock, socket)
}

// own binds the program's own socket, made like the listener's, so that it can become a member of its group. An error leaves it unbound.
func (s *server) own(i int, d *fdpass.Descriptor, sock nature) error {
	if sock.protocol == unix.IPPROTO_MPTCP {
		return errors.New("a socket of multipath TCP cannot be steered")
	}
	if err := s.o.Sockets.CanJoin(i); err != nil {
		return err
	}
	s.page.remember(sock.cookie)
	s.step("remembered")
	return s.o.Sockets.Model(i).Descriptor().Use(func(model int) error {
		return d.Use(func(fd int) error { return bindLike(fd, model) })
	})
}

// bindLike binds fd to model's address. Sockets share an address only with SO_REUSEPORT on each, and of one user: the owner of the
// socket's inode, which fchown(2) changes. For one group the kernel compares family, IPV6_V6ONLY and interface too.
func bindLike(fd, model int) error {
	address, err := unix.Getsockname(model)
	if err != nil {
		return err
	}
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			return err
		}
	}
	if err := copyPlace(model, fd); err != nil {
		return err
	}
	var has, wants unix.Stat_t
	if err := errors.Join(unix.Fstat(fd, &has), unix.Fstat(model, &wants)); err != nil {
		return err
	}
	if has.Uid != wants.Uid {
		if err := unix.Fchown(fd, int(wants.Uid), -1); err != nil {
			return err
		}
	}
	return unix.Bind(fd, address)
}
