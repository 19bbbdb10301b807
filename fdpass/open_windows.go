package fdpass

import (
	"errors"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// socketFlags: overlapped is what AcceptEx and every completion port need; a worker inherits a handle only when it is to have it.
const socketFlags = windows.WSA_FLAG_OVERLAPPED | windows.WSA_FLAG_NO_HANDLE_INHERIT

// open tries the kinds in turn. Only a system without the family makes it go on to the next.
func open(spec Spec) (*Socket, error) {
	list, err := kinds(spec)
	if err != nil {
		return nil, newOpenError(spec, "socket", err)
	}
	if err := checkOptions(spec); err != nil {
		return nil, err
	}
	for i, k := range list {
		var s *Socket
		if s, err = openKind(spec, k); err == nil {
			return s, nil
		}
		if i+1 < len(list) && noFamily(err) {
			continue
		}
		break
	}
	return nil, err
}

// noFamily: with IPv6 taken off all adapters the socket can still be made, but has no address to be bound to.
func noFamily(err error) bool {
	return errors.Is(err, windows.WSAEAFNOSUPPORT) || errors.Is(err, windows.WSAEADDRNOTAVAIL)
}

func openKind(spec Spec, k kind) (*Socket, error) {
	h, err := windows.WSASocket(int32(k.domain), int32(k.typ), int32(k.proto), nil, 0, socketFlags)
	if err != nil {
		return nil, newOpenError(spec, "socket", err)
	}
	s := &Socket{d: &Descriptor{fd: int(h)}, spec: spec, kind: k}
	if err := s.establish(h); err != nil {
		_ = s.d.Close()
		return nil, err
	}
	return s, nil
}

func (s *Socket) establish(h windows.Handle) error {
	for _, step := range []func(windows.Handle) error{s.prepare, s.bind, s.listen} {
		if err := step(h); err != nil {
			return err
		}
	}
	return nil
}

// prepare sets what must be set before bind(): see the package's words on exclusive use.
func (s *Socket) prepare(h windows.Handle) error {
	if err := windows.SetsockoptInt(h, windows.SOL_SOCKET, soExclusiveAddrUse, 1); err != nil {
		return newOpenError(s.spec, "socket", err)
	}
	if s.kind.domain == windows.AF_INET6 {
		if err := windows.SetsockoptInt(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, onlyIPv6(s.spec)); err != nil {
			return newOpenError(s.spec, "ipv6_only", err)
		}
	} else if s.spec.Options.IPv6Only != nil {
		return unfit(s.spec, "ipv6_only")
	}
	if s.spec.Address.isUDP() {
		ignoreUnreachable(h)
	}
	return applyOptions(h, s.kind, s.spec)
}

func onlyIPv6(spec Spec) int {
	if strings.HasSuffix(spec.Address.Network, "6") || isTrue(spec.Options.IPv6Only) {
		return 1
	}
	return 0
}

// ignoreUnreachable: otherwise an answer to a client that is gone makes the next receive fail with WSAECONNRESET (SIO_UDP_CONNRESET).
// It is on by default; where it cannot be turned off it stays so.
func ignoreUnreachable(h windows.Handle) {
	var off, n uint32
	_ = windows.WSAIoctl(h, windows.SIO_UDP_CONNRESET, (*byte)(unsafe.Pointer(&off)), 4, nil, 0, &n, nil, 0)
}

func (s *Socket) bind(h windows.Handle) error {
	sa, err := s.spec.Address.sockaddr(s.kind.domain)
	if err == nil {
		err = windows.Bind(h, sa)
	}
	if err == nil {
		s.address, err = addressOf(h, s.spec.Address.Network)
	}
	if err != nil {
		return newOpenError(s.spec, "bind", err)
	}
	return nil
}

func (s *Socket) listen(h windows.Handle) error {
	if !s.spec.Address.listens() {
		return nil
	}
	argument, warning := windowsBacklog(s.spec.Backlog)
	if err := windows.Listen(h, int(argument)); err != nil {
		return newOpenError(s.spec, "listen", err)
	}
	s.listened = s.spec.Backlog
	if warning != "" {
		s.warnings = append(s.warnings, "listener \""+s.spec.Name+"\": "+warning)
	}
	return nil
}

// systemMaxBacklog gives the most that can be asked for as a number. What SOMAXCONN, the default, comes to is the provider's own.
func systemMaxBacklog() int { return winsockHintHigh }
