//go:build unix && !linux

package fdpass

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// errLinux is what the Linux-only operations answer on the other unixes.
var errLinux = errors.New("supported on Linux only")

func streamProtocol(Options) int { return 0 }

func pipeCloexec() (ends [2]int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(ends[:]); err != nil {
		return ends, err
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	return ends, nil
}

func systemKinds(a Address) ([]kind, error) {
	return nil, fmt.Errorf("%s listeners are %w", a.Network, errLinux)
}

func (a Address) systemSockaddr() (unix.Sockaddr, error) {
	return nil, fmt.Errorf("%s listeners are %w", a.Network, errLinux)
}

func fromSystemSockaddr(_ unix.Sockaddr, network string) Address { return Address{Network: network} }

func systemNetwork(unix.Sockaddr) string { return "" }

func deviceOf(int) (string, error) { return "", errLinux }

func takeFrom(pid int, spec Spec) (*Descriptor, error) {
	return nil, fmt.Errorf("cannot take listener %q from process %d: taking sockets is %w", spec.Name, pid, errLinux)
}

// socketFile is the path of a unix socket that we made.
type socketFile struct{ path string }

func (*socketFile) restore() (bool, error) { return false, errLinux }

func (f *socketFile) remove() {
	if f != nil {
		_ = os.Remove(f.path)
	}
}

func newOpenError(spec Spec, op string, err error) *OpenError {
	if already := (*OpenError)(nil); errors.As(err, &already) {
		return already
	}
	e := &OpenError{Name: spec.Name, Address: spec.Address, Op: op, Cause: err.Error()}
	errors.As(err, &e.Err)
	return e
}

// open is the plain POSIX way: no options but ipv6_only, and a unix path must be free.
func open(spec Spec) (*Socket, error) {
	if err := checkOptions(spec); err != nil {
		return nil, err
	}
	list, err := kinds(spec)
	for _, k := range list {
		var s *Socket
		if s, err = openKind(spec, k); !errors.Is(err, unix.EAFNOSUPPORT) {
			return s, err
		}
	}
	return nil, newOpenError(spec, "socket", err)
}

func checkOptions(spec Spec) error {
	for _, a := range spec.Options.attributes() {
		if a.given && a.name != "ipv6_only" {
			return newOpenError(spec, a.name, errLinux)
		}
	}
	return nil
}

func openKind(spec Spec, k kind) (*Socket, error) {
	fd, err := newSocket(k)
	if err != nil {
		return nil, newOpenError(spec, "socket", err)
	}
	s := &Socket{d: &Descriptor{fd: fd}, spec: spec, kind: k}
	if err := s.establish(fd); err != nil {
		s.file.remove()
		_ = s.d.Close()
		return nil, err
	}
	return s, nil
}

// newSocket holds the fork lock, because these systems do not all set close-on-exec in socket(2).
func newSocket(k kind) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(k.domain, k.typ, k.proto)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

func (s *Socket) establish(fd int) error {
	sa, err := s.spec.Address.sockaddr(s.kind.domain)
	if err == nil && s.spec.Address.isTCP() {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil && s.kind.domain == unix.AF_INET6 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, onlyIPv6(s.spec))
	}
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil && s.spec.Address.hasFile() {
		s.file = &socketFile{path: s.spec.Address.Path}
		err = setOwnership(s.spec)
	}
	if err == nil {
		s.address, err = addressOf(fd, s.spec.Address.Network)
	}
	if err != nil {
		return newOpenError(s.spec, "bind", err)
	}
	return s.listen(fd)
}

func onlyIPv6(spec Spec) int {
	if spec.Address.Network == "tcp6" || spec.Address.Network == "udp6" || isTrue(spec.Options.IPv6Only) {
		return 1
	}
	return 0
}

func setOwnership(spec Spec) error {
	if spec.Mode != 0 {
		if err := os.Chmod(spec.Address.Path, os.FileMode(spec.Mode)); err != nil {
			return err
		}
	}
	if spec.UID < 0 && spec.GID < 0 {
		return nil
	}
	return os.Lchown(spec.Address.Path, spec.UID, spec.GID)
}

func (s *Socket) listen(fd int) error {
	if !s.spec.Address.listens() {
		return nil
	}
	backlog := s.spec.Backlog
	if backlog == 0 {
		backlog = systemMaxBacklog()
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return newOpenError(s.spec, "listen", err)
	}
	return nil
}

func systemMaxBacklog() int { return unix.SOMAXCONN }

// restore checks what these systems tell: the bound address.
func restore(spec Spec, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: spec}
	err := d.Use(func(fd int) error {
		is, err := addressOf(fd, spec.Address.Network)
		if s.address = is; err == nil && (is.Path != spec.Address.Path || spec.Address.Port != 0 && is.Port != spec.Address.Port) {
			err = fmt.Errorf("it is bound to %s", is)
		}
		if err != nil {
			return newOpenError(spec, "restore", err)
		}
		return s.listen(fd)
	})
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return s, nil
}

func (*Socket) ownPath(int) error { return errLinux }

func recoverSocket(id Identity, d *Descriptor) (*Socket, error) {
	s, err := restore(id.Spec, d)
	if err == nil && id.Made {
		s.file = &socketFile{path: id.Spec.Address.Path}
	}
	return s, err
}

func sweep(Address) error { return nil }

func matches(d *Descriptor, spec Spec) bool {
	return d.Use(func(fd int) error {
		is, err := addressOf(fd, spec.Address.Network)
		if err == nil && (is.Path != spec.Address.Path || is.Port != spec.Address.Port) {
			err = errors.New("another address")
		}
		return err
	}) == nil
}

func readState(fd int, _ Address) (State, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return State{Backlog: -1, Queue: -1, Listening: true, Nonblocking: flags&unix.O_NONBLOCK != 0}, err
}

func relisten(s *Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.d.Use(s.listen)
}

// reconfigure can change the backlog, and nothing else.
func reconfigure(s *Socket, spec Spec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fixed := append(NeedsReopen(s.spec, spec), changedOptions(s.spec.Options, spec.Options)...); len(fixed) > 0 {
		return newOpenError(spec, fixed[0], errLinux)
	}
	s.spec = spec
	return s.d.Use(s.listen)
}

func reopen(s *Socket) error {
	return newOpenError(s.Spec(), "reopen", errLinux)
}

func another(s *Socket) (*Socket, error) { return nil, newOpenError(s.Spec(), "join", errLinux) }

func join(spec Spec, d *Descriptor) (*Socket, error) {
	_ = d.Close()
	return nil, newOpenError(spec, "join", errLinux)
}

func pause(s *Socket, _ bool) error {
	return newOpenError(s.Spec(), "pause", errLinux)
}

func holders(Address) ([]Holder, error) { return nil, errLinux }

type watcher struct{ out chan WatchEvent }

func newWatcher() (*Watcher, error)  { return nil, fmt.Errorf("watching listeners is %w", errLinux) }
func (w *watcher) add(*Socket) error { return errLinux }
func (w *watcher) remove(*Socket)    {}
func (w *watcher) close() error      { return errLinux }
