package fdpass

import (
	"golang.org/x/sys/unix"
)

// pause attaches or detaches a socket filter that drops SYNs: clients send them again (after 1 s, 3 s, 7 s ...) and notice
// only the wait. The kernel runs it for every packet that is addressed to the listener itself. It lets all others pass: a handshake
// under way is completed, and the socket of a connection that is made at the moment of the change, which inherits the
// filter for good (sk_clone_lock), is not harmed by it.
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
	program := dropSYN
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// dropSYN is the filter. A packet begins with its TCP header, in which byte 13 holds the flags.
var dropSYN = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: flagSYN | flagACK},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: flagSYN, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
}

const (
	flagSYN = 0x02
	flagACK = 0x10
)
