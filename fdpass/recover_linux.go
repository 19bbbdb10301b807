package fdpass

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func recoverSocket(id Identity, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: id.Spec, address: id.Address, warnings: id.Warnings}
	if err := d.Use(func(fd int) error { return s.comeBack(fd, id) }); err != nil {
		_ = d.Close()
		failed := newOpenError(id.Spec, "recover", err)
		failed.Advice = "open the listener anew"
		return nil, failed
	}
	return s, nil
}

func (s *Socket) comeBack(fd int, id Identity) (err error) {
	if id.Spec.Address.Network == "fifo" {
		err = s.recogniseFIFO(fd)
	} else {
		err = s.recognise(fd)
	}
	if err != nil {
		return err
	}
	s.paused = isPaused(fd)
	switch {
	case !id.Spec.Address.hasFile():
	case id.Address == Address{}:
		s.file = adoptFile(fd, id.Spec)
	case id.Made:
		s.file = findFile(fd, id.Spec.Address)
	}
	return nil
}

func (s *Socket) recogniseFIFO(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return errors.New("it is not a fifo")
	}
	s.address = s.spec.Address
	return nil
}

func (s *Socket) recognise(fd int) error {
	wanted, err := kinds(s.spec)
	if err != nil {
		return err
	}
	if s.kind, err = kindOf(fd); err != nil {
		return err
	}
	expected, ok := pick(wanted, s.kind)
	if !ok {
		return fmt.Errorf("it is %s, expected was %s", s.kind, wanted[0])
	}
	is, err := addressOf(fd, s.spec.Address.Network)
	if err != nil {
		return err
	}
	unknown := s.address == (Address{})
	switch {
	case unknown && sameAddress(is, s.spec.Address, expected):
		s.address = is
	case unknown, is != s.address && !lostPort(is):
		return fmt.Errorf("it is bound to %s", is)
	}
	return nil
}

// lostPort: a worker's shutdown(2) takes a port away that the kernel chose at bind(2), as in a descriptor that was
// given. It is still the same listener, and Reopen gets the port back.
func lostPort(is Address) bool { return is.isTCP() && is.Port == 0 }

// findFile finds the names of a file that we made. When there is none left the result matches no inode, so that
// RestorePath misses it.
func findFile(fd int, a Address) *socketFile {
	f := &socketFile{path: a.Path}
	for _, name := range []string{a.Path, asideOf(a.Path)} {
		if id, _, err := identify(name); err == nil && isInode(fd, a, id) {
			f.id = id
			f.keepAside()
			break
		}
	}
	return f
}

// sweepFIFO asks by opening it for writing: without a reader that is ENXIO (fifo(7)), and a listener that lives is its
// own reader.
func sweepFIFO(f *socketFile, mode uint32) error {
	if mode != unix.S_IFIFO {
		return nil
	}
	fd, err := unix.Open(f.aside, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
		err = unix.EADDRINUSE
	}
	if !errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("cannot remove what was left at %q: %w", f.path, err)
	}
	f.remove()
	return nil
}

// isPaused says whether the filter of Pause is on the socket.
func isPaused(fd int) bool {
	filter, err := socketFilter(fd)
	return err == nil && filter == dropSYN
}

func sweep(a Address) error {
	if !a.hasFile() {
		return nil
	}
	id, mode, err := identify(asideOf(a.Path))
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case a.Network == "fifo":
		return sweepFIFO(&socketFile{path: a.Path, aside: asideOf(a.Path), id: id}, mode)
	}
	for _, name := range []string{a.Path, asideOf(a.Path)} {
		if err := clearStale(name); err != nil {
			return fmt.Errorf("cannot remove what was left at %q: %w", name, err)
		}
	}
	return nil
}
