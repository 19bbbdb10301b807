package fdpass

import (
	"golang.org/x/sys/unix"
)

// pause attaches or detaches a socket filter of one classic BPF instruction, "ret 0": take nothing of any packet. The
// kernel runs it for every packet that is addressed to the listener itself, so SYNs and the last packet of a handshake
// are dropped; clients send them again (after 1 s, 3 s, 7 s ...) and notice only the wait. Connections that exist
// already have sockets of their own, made without the filter, and go on, also those still in the accept queue.
// SO_LOCK_FILTER is not set: another holder could not undo our mistake. Linux 6.18 wants CAP_NET_ADMIN for a filter on
// TCP (measured; not for UDP and unix), older ones want nothing.
func pause(s *Socket, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.spec.Address.isTCP() || s.spec.Options.Multipath {
		return &OpenError{Name: s.spec.Name, Address: s.address, Op: "pause", Err: unix.EOPNOTSUPP,
			Cause: "only plain TCP clients try again by themselves when the kernel drops their requests"}
	}
	if s.paused == on {
		return nil
	}
	if err := s.d.Use(func(fd int) error { return setFilter(fd, on) }); err != nil {
		return newOpenError(s.spec, "pause", err)
	}
	s.paused = on
	return nil
}

func setFilter(fd int, on bool) error {
	if !on {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
	}
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
}
