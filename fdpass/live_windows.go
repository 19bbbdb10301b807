package fdpass

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

func accepts(h windows.Handle) (bool, error) {
	n, err := windows.GetsockoptInt(h, windows.SOL_SOCKET, soAcceptConn)
	return n != 0, err
}

// readState: Winsock tells neither backlog nor queue, nor whether FIONBIO is set. A listener cannot be shut down (WSAENOTCONN).
func readState(fd int, a Address) (State, error) {
	s := State{Backlog: -1, Queue: -1, Listening: true}
	if !a.listens() {
		_, err := addressOf(windows.Handle(fd), a.Network)
		return s, err
	}
	var err error
	s.Listening, err = accepts(windows.Handle(fd))
	return s, err
}

// relisten makes a socket listen that does not; on one that does listen() changes nothing.
func relisten(s *Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.spec.Address.listens() {
		return newOpenError(s.spec, "listen", windows.WSAEOPNOTSUPP)
	}
	return s.d.Use(func(fd int) error {
		if listens, err := accepts(windows.Handle(fd)); err != nil || listens {
			return err
		}
		return s.listen(windows.Handle(fd))
	})
}

// reconfigure changes one option after the other; when one fails those before it are put back.
func reconfigure(s *Socket, spec Spec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fixed := NeedsReopen(s.spec, spec); len(fixed) > 0 {
		return &OpenError{Name: spec.Name, Address: spec.Address, Op: fixed[0],
			Cause: "it cannot change on an open socket", Advice: "close the listener and open it anew"}
	}
	if err := checkOptions(spec); err != nil {
		return err
	}
	return s.d.Use(func(fd int) error {
		if err := s.change(windows.Handle(fd), s.spec, spec); err != nil {
			_ = s.change(windows.Handle(fd), spec, s.spec)
			return err
		}
		s.spec = spec
		s.warnings = s.backlogWarnings()
		return nil
	})
}

// change sets the new value of every option that differs, or that of a fresh socket when it is no longer given.
func (s *Socket) change(h windows.Handle, old, spec Spec) error {
	now := spec.Options.attributes()
	for i, was := range old.Options.attributes() {
		is := now[i]
		if was.setting == is.setting {
			continue
		}
		if err := s.changeOption(h, spec, is); err != nil {
			return err
		}
	}
	return nil
}

func (s *Socket) changeOption(h windows.Handle, spec Spec, a attribute) error {
	value := a.number
	if !a.given {
		var err error
		if value, err = s.freshValue(a.name); err != nil {
			return newOpenError(spec, a.name, err)
		}
	}
	return setOption(h, s.kind, spec, a.name, value)
}

func (s *Socket) freshValue(name string) (int, error) {
	fresh, err := windows.WSASocket(int32(s.kind.domain), int32(s.kind.typ), int32(s.kind.proto), nil, 0, socketFlags)
	if err != nil {
		return 0, err
	}
	defer windows.Closesocket(fresh)
	opt, _ := optionNamed(name)
	for _, p := range opt.where {
		if p.domain == 0 || p.domain == s.kind.domain {
			return windows.GetsockoptInt(fresh, p.level, p.opt)
		}
	}
	return 0, windows.WSAENOPROTOOPT
}

// backlogWarnings: listen() on a socket that listens succeeds "without changing the value for the backlog" (listen function).
func (s *Socket) backlogWarnings() []string {
	if !s.spec.Address.listens() {
		return nil
	}
	if s.spec.Backlog == s.listened {
		if _, warning := windowsBacklog(s.spec.Backlog); warning != "" {
			return []string{fmt.Sprintf("listener %q: %s", s.spec.Name, warning)}
		}
		return nil
	}
	return []string{fmt.Sprintf("listener %q: the backlog stays %s and does not become %s: Winsock does not change it on a socket that listens "+
		"(it changes when supervise is started anew)", s.spec.Name, backlogWord(s.listened), backlogWord(s.spec.Backlog))}
}

func backlogWord(n int) string {
	if n == 0 {
		return "the most that the provider gives"
	}
	return fmt.Sprint(n)
}

func restore(spec Spec, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: spec, listened: spec.Backlog}
	if err := d.Use(func(fd int) error { return s.adopt(windows.Handle(fd)) }); err != nil {
		_ = d.Close()
		failed := newOpenError(spec, "restore", err)
		if failed.Op == "restore" && failed.Advice == "" {
			failed.Advice = "hand over a socket as the listener is configured, or none for this name"
		}
		return nil, failed
	}
	return s, nil
}

// adopt checks first and changes only what has passed.
func (s *Socket) adopt(h windows.Handle) (err error) {
	if err := checkOptions(s.spec); err != nil {
		return err
	}
	if s.kind, s.address, err = inspect(h, s.spec); err != nil {
		return err
	}
	return applyOptions(h, s.kind, s.spec)
}

func recoverSocket(id Identity, d *Descriptor) (*Socket, error) {
	s := &Socket{d: d, spec: id.Spec, address: id.Address, warnings: id.Warnings, listened: id.Spec.Backlog}
	err := d.Use(func(fd int) (err error) {
		spec := id.Spec
		if id.Address != (Address{}) {
			spec.Address = id.Address
		}
		s.kind, s.address, err = inspect(windows.Handle(fd), spec)
		return err
	})
	if err != nil {
		_ = d.Close()
		failed := newOpenError(id.Spec, "recover", err)
		failed.Advice = "open the listener anew"
		return nil, failed
	}
	return s, nil
}

// inspect says what h is, or how it differs from spec.
func inspect(h windows.Handle, spec Spec) (is kind, at Address, err error) {
	wanted, err := kinds(spec)
	if err != nil {
		return is, at, err
	}
	if is, err = kindOf(h); err != nil {
		return is, at, err
	}
	if !among(wanted, is) {
		return is, at, fmt.Errorf("it is %s, expected was %s", is, wanted[0])
	}
	if at, err = addressOf(h, spec.Address.Network); err != nil {
		return is, at, err
	}
	if !sameAddress(at, spec.Address, is) {
		return is, at, fmt.Errorf("it is bound to %s", at)
	}
	return is, at, inspectListening(h, spec, is)
}

func inspectListening(h windows.Handle, spec Spec, is kind) error {
	if is.domain == windows.AF_INET6 {
		only, err := windows.GetsockoptInt(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY)
		ip, _ := spec.Address.ip()
		if err == nil && ip.IsUnspecified() && only != onlyIPv6(spec) {
			return fmt.Errorf("it has ipv6_only = %t", only != 0)
		}
	}
	if !spec.Address.listens() {
		return nil
	}
	listens, err := accepts(h)
	if err == nil && !listens {
		err = errors.New("it is not listening")
	}
	return err
}

func sameAddress(is, spec Address, k kind) bool {
	want, err := spec.sockaddr(k.domain)
	return err == nil && fromSockaddr(want, spec.Network).Host == is.Host && (spec.Port == 0 || spec.Port == is.Port)
}

func among(wanted []kind, is kind) bool {
	for _, w := range wanted {
		if w.domain == is.domain && w.typ == is.typ {
			return true
		}
	}
	return false
}

func matches(d *Descriptor, spec Spec) bool {
	return d.Use(func(fd int) error {
		_, _, err := inspect(windows.Handle(fd), spec)
		return err
	}) == nil
}
