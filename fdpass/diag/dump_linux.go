package diag

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxReply is the size of a datagram of an answer; the kernel makes them of at most 32 KiB.
const maxReply = 1 << 16

// inet calls f for the TCP sockets of both families in one of the states. The kernel leaves out other ports if they are not too many.
func inet(states uint32, ports []uint16, f func(socket)) error { return inetBy(dump, states, ports, f) }

// inetBy asks for both families at once, or for one after the other where the kernel does not know that request.
func inetBy(ask func([]byte, func([]byte) error) error, states uint32, ports []uint16, f func(socket)) error {
	take := func(body []byte) error {
		s, err := inetSocket(body)
		if err == nil {
			f(s)
		}
		return err
	}
	err := ask(bothRequest(states, ports), take)
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL) {
		return err
	}
	for _, family := range []uint8{familyV4, familyV6} {
		if err := ask(inetRequest(family, states, ports), take); err != nil {
			return err
		}
	}
	return nil
}

// unixStreams calls f for every connected unix socket.
func unixStreams(f func(inode uint32, name string)) error {
	return dump(unixRequest(), func(body []byte) error {
		inode, name, err := unixSocket(body)
		if err == nil {
			f(inode, name)
		}
		return err
	})
}

// dump sends one request and calls f for each message of the answer. ENOENT says that the kernel has no such part (tcp_diag, unix_diag).
func dump(request []byte, f func(body []byte) error) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(fd, request, 0, kernel); err != nil {
		return err
	}
	buf := make([]byte, maxReply)
	for {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) || err == nil && !isKernel(from) {
			continue
		}
		if err != nil {
			return err
		}
		if done, err := each(buf[:n], f); done || err != nil {
			return explained(err)
		}
	}
}

// isKernel: other processes can send to a netlink socket, too.
func isKernel(from unix.Sockaddr) bool {
	sa, ok := from.(*unix.SockaddrNetlink)
	return ok && sa.Pid == 0
}

func explained(err error) error {
	if err == syscall.ENOENT {
		return errNoPart
	}
	return err
}

var errNoPart = errors.New("the kernel has no sock_diag for it (modprobe tcp_diag unix_diag)")
