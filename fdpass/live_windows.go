package fdpass

import (
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
			value, err := windows.GetsockoptInt(fresh, p.level, p.opt)
			if err == windows.WSAENOPROTOOPT { // see keepAliveTimes: its own times are the fresh ones then
				return 0, nil
			}
			return value, err
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
