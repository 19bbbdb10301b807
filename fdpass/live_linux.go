package fdpass

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// applyLive sets those given options that can still change after bind(2).
func applyLive(fd int, k kind, spec Spec) (warnings []string, err error) {
	spec.Options.ReusePort, spec.Options.IPv6Only = nil, nil
	if err := shareLate(fd, spec); err != nil {
		return nil, err
	}
	return applyOptions(fd, k, spec)
}

// reconfigure changes one attribute after the other; when one fails those before it are put back.
func reconfigure(s *Socket, spec Spec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fixed := NeedsReopen(s.spec, spec); len(fixed) > 0 {
		return &OpenError{Name: spec.Name, Address: spec.Address, Op: fixed[0],
			Cause: "it cannot change on an open socket", Advice: "close the listener and open it anew"}
	}
	return s.d.Use(func(fd int) error {
		warnings, err := s.change(fd, s.spec, spec)
		if err != nil {
			_, _ = s.change(fd, spec, s.spec)
			return err
		}
		s.spec, s.warnings = spec, warnings
		return nil
	})
}

func (s *Socket) change(fd int, old, spec Spec) (warnings []string, err error) {
	if err := shareLate(fd, spec); err != nil {
		return nil, err
	}
	for _, name := range changedOptions(old.Options, spec.Options) {
		if err := s.changeOption(fd, name, spec); err != nil {
			return nil, err
		}
	}
	if s.file != nil {
		if op, err := s.file.setOwnership(spec); err != nil {
			return nil, newOpenError(spec, op, err)
		}
	}
	if spec.Address.listens() { // also with the same backlog: net.core.somaxconn may have been raised
		if err := listen(fd, spec.Backlog); err != nil {
			return nil, newOpenError(spec, "listen", err)
		}
	}
	return s.recheck(fd, spec), nil
}

// recheck collects the warnings that hold now.
func (s *Socket) recheck(fd int, spec Spec) []string {
	var warnings []string
	given := settings(spec.Options)
	for _, opt := range options() {
		if value, ok := given[opt.name]; ok {
			warnings = append(warnings, opt.check(fd, value, spec)...)
		}
	}
	if spec.Address.listens() {
		warnings = append(warnings, backlogWarnings(fd, spec)...)
	}
	return warnings
}

// changeOption sets the new value, or that of a fresh socket when the option is no longer given.
func (s *Socket) changeOption(fd int, name string, spec Spec) error {
	opt, ok := optionNamed(name)
	if !ok || !opt.fits(spec.Address) {
		return unfit(spec, name)
	}
	var err error
	if value, given := settings(spec.Options)[name]; given {
		err = opt.set(fd, s.kind, value)
	} else {
		err = s.resetOption(fd, opt)
	}
	if err != nil {
		return newOpenError(spec, name, err)
	}
	return nil
}

func (s *Socket) resetOption(fd int, opt option) error {
	if opt.name == "pipe_size" {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, defaultPipeSize)
		return err
	}
	fresh, err := unix.Socket(s.kind.domain, s.kind.typ|unix.SOCK_CLOEXEC, s.kind.proto)
	if err != nil {
		return err
	}
	defer unix.Close(fresh)
	for _, p := range opt.where {
		if p.domain != 0 && p.domain != s.kind.domain {
			continue
		}
		if err := p.reset(fresh, fd); err != nil {
			return err
		}
	}
	return nil
}

// defaultPipeSize is 16 pages (pipe(7)).
const defaultPipeSize = 1 << 16

// reset copies the value of a fresh socket. A buffer size set by hand also stops the kernel from sizing the buffer
// itself; SO_BUF_LOCK starts that again.
func (p place) reset(from, to int) error {
	value, err := p.get(from)
	if err != nil {
		return err
	}
	value.text = strings.TrimRight(value.text, "\x00")
	if p.level != unix.SOL_SOCKET || p.opt != unix.SO_RCVBUF && p.opt != unix.SO_SNDBUF {
		return p.set(to, value)
	}
	value.number /= 2
	if err := p.set(to, value); err != nil {
		return err
	}
	const receiveLock, sendLock = 2, 1 // SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK
	locks, err := unix.GetsockoptInt(to, unix.SOL_SOCKET, unix.SO_BUF_LOCK)
	if err != nil {
		return nil // before Linux 5.14: the size stays fixed
	}
	if p.opt == unix.SO_RCVBUF {
		return unix.SetsockoptInt(to, unix.SOL_SOCKET, unix.SO_BUF_LOCK, locks&^receiveLock)
	}
	return unix.SetsockoptInt(to, unix.SOL_SOCKET, unix.SO_BUF_LOCK, locks&^sendLock)
}

// relisten: see Socket.Relisten.
func relisten(s *Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.spec.Address.listens() {
		return &OpenError{Name: s.spec.Name, Address: s.address, Op: "listen", Err: unix.EOPNOTSUPP,
			Cause: "this kind of socket cannot listen", Advice: "only tcp, unix, unixpacket and vsock have connections and a backlog"}
	}
	return s.d.Use(func(fd int) error {
		if !s.spec.Address.isTCP() && isShut(fd) {
			return fmt.Errorf("cannot revive listener %q at %s: after shutdown(2) listen(2) has no effect on this kind of socket: %w",
				s.spec.Name, s.address, ErrNeedsReopen)
		}
		if err := listen(fd, s.spec.Backlog); err != nil {
			return newOpenError(s.spec, "listen", err)
		}
		return s.samePort(fd)
	})
}

// samePort: when the kernel chose the port at bind(2), shutdown(2) gives it back and listen(2) takes another.
func (s *Socket) samePort(fd int) error {
	now, err := addressOf(fd, s.spec.Address.Network)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if now != s.address {
		return fmt.Errorf("cannot revive listener %q at %s: it came back as %s: %w", s.spec.Name, s.address, now, ErrNeedsReopen)
	}
	return nil
}
