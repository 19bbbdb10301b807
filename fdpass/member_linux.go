package fdpass

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func another(s *Socket) (*Socket, error) {
	s.mu.Lock()
	o := &opener{spec: s.spec, fd: -1, beside: s.d}
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
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = ownable(fd)
	}
	if err != nil {
		return newOpenError(spec, "reuse_port", err)
	}
	return nil
}

// ownable is whether sockets can be made that share an address with fd: the kernel wants one owner for all (inet_csk_bind_conflict),
// which is that of the inode. One that was given, or taken over, may be another user's.
func ownable(fd int) error {
	owner, err := ownerOf(fd)
	if err != nil || owner == os.Geteuid() {
		return err
	}
	scratch, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(scratch)
	if unix.Fchown(scratch, owner, -1) != nil {
		return fmt.Errorf("the socket belongs to user %d, and those of further generations would have to, which user %d may not arrange "+
			`(have supervise open it, run supervise as that user, or write sharing = "all")`, owner, os.Geteuid())
	}
	return nil
}

// ownLike gives fd, which is not bound yet, to the owner of model.
func ownLike(fd int, model *Descriptor) error {
	return model.Use(func(other int) error {
		owner, err := ownerOf(other)
		if err != nil || owner == os.Geteuid() {
			return err
		}
		return os.NewSyscallError("fchown", unix.Fchown(fd, owner, -1))
	})
}

func ownerOf(fd int) (int, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return int(st.Uid), os.NewSyscallError("fstat", err)
}
