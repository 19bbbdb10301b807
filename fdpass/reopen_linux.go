package fdpass

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reopen: see Socket.Reopen. The old descriptor is closed last, so a failure leaves everything as it was.
func reopen(s *Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	spare, err := s.giveWay()
	if err != nil {
		return newOpenError(s.spec, "reopen", err)
	}
	o := &opener{spec: s.spec, fd: -1, share: s.spec.Address.isUDP()}
	if s.spec.Member {
		o.beside = s.d
	}
	o.spec.Address = s.address
	if err := o.run(); err != nil {
		o.discard()
		return errors.Join(err, spare.back(s.file))
	}
	spare.remove()
	old := s.d
	s.d, s.file, s.kind, s.warnings, s.paused = &Descriptor{fd: o.fd}, o.file, o.kind, o.warnings, false
	return old.Close()
}

// giveWay makes the address free for a second socket while ours still has it. For a path the result is a spare name of
// the old inode.
func (s *Socket) giveWay() (spare *socketFile, err error) {
	switch {
	case s.file != nil:
		return s.file.giveWay()
	case s.spec.Address.isUDP():
		return nil, s.d.Use(share)
	}
	return nil, nil
}

// share lets a second UDP socket bind to the same address: both must have SO_REUSEADDR (socket(7)). The one bound last
// gets the datagrams.
func share(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }

// unshare ends that, so that no third socket can take the datagrams.
func unshare(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0) }

// giveWay takes both names away; the inode lives on under a third, from which back puts it in place again. The new
// socket is bound to the real path and not renamed into place, because getsockname(2) gives for ever the path that was
// bound, and workers look for their socket by it.
func (f *socketFile) giveWay() (spare *socketFile, err error) {
	name := asideOf(f.path) + ".old"
	for _, source := range []string{f.path, f.aside} {
		if !f.ours(source) {
			continue
		}
		_ = os.Remove(name)
		if err := unix.Link(source, name); err != nil {
			return nil, err
		}
		break
	}
	f.remove()
	return &socketFile{path: name, id: f.id}, nil
}

// back gives the old inode its names again.
func (f *socketFile) back(to *socketFile) error {
	if f == nil || !f.ours(f.path) {
		return nil
	}
	defer f.remove()
	if err := os.Link(f.path, to.path); err != nil {
		return err
	}
	to.keepAside()
	return nil
}
