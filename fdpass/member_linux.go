package fdpass

import (
	"errors"

	"golang.org/x/sys/unix"
)

func another(s *Socket) (*Socket, error) {
	s.mu.Lock()
	o := &opener{spec: s.spec, fd: -1, beside: true}
	o.spec.Address = s.address
	s.mu.Unlock()
	if !o.spec.Member {
		return nil, o.fail("reuse_port", errors.New("the sockets at this address do not share it"))
	}
	if err := o.run(); err != nil {
		o.discard()
		return nil, err
	}
	return o.socket(), nil
}

func join(spec Spec, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: spec}
	if err := d.Use(s.join); err != nil {
		_ = d.Close()
		return nil, newOpenError(spec, "join", err)
	}
	return s, nil
}

func (s *Socket) join(fd int) (err error) {
	if s.kind, s.address, err = inspectPlace(fd, s.spec); err != nil {
		return err
	}
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT); err != nil || on == 0 {
		return errors.Join(err, errors.New("it is bound without SO_REUSEPORT"))
	}
	if s.warnings, err = applyLive(fd, s.kind, s.spec); err != nil {
		return err
	}
	return s.relistenAs(fd)
}

// shareLate lets further sockets have the address of one that is bound. listen(2) puts it in a group, or the next socket's listen(2).
func shareLate(fd int, spec Spec) error {
	if !spec.Member {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return newOpenError(spec, "reuse_port", err)
	}
	return nil
}
