//go:build unix

package fdpass

import (
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"
)

func writeMessage(c *net.UnixConn, data []byte, list []Named) error {
	if len(list) > MaxBatch || len(data) == 0 {
		return fmt.Errorf("cannot send %d descriptors beside %d bytes: at most %d go at once, with at least one byte", len(list), len(data), MaxBatch)
	}
	fds, err := enterAll(list)
	if err != nil {
		return err
	}
	defer leaveAll(list)
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	n, _, err := c.WriteMsgUnix(data, rights, nil)
	if err == nil && n < len(data) {
		_, err = c.Write(data[n:])
	}
	if err != nil {
		return fmt.Errorf("cannot send a message: %w", err)
	}
	return nil
}

func readMessage(c *net.UnixConn, size int) (data []byte, list []*Descriptor, err error) {
	buf, oob := make([]byte, size), make([]byte, unix.CmsgSpace(4*MaxBatch)+64)
	n, oobn, flags, _, err := c.ReadMsgUnix(buf, oob)
	list, failed := takeRights(oob[:max(oobn, 0)])
	switch {
	case errors.Is(err, io.EOF):
		err = io.EOF
	case err != nil:
	case failed != nil:
		err = failed
	case flags&unix.MSG_CTRUNC != 0:
		err = errDropped
	case flags&unix.MSG_TRUNC != 0:
		err = errors.New("a packet is longer than was expected")
	}
	if err != nil {
		for _, d := range list {
			_ = d.Close()
		}
		return nil, nil, err
	}
	return buf[:n], list, nil
}

// takeRights comes before any judgement: the kernel has already put the descriptors into this process.
func takeRights(oob []byte) (list []*Descriptor, err error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	for _, m := range messages {
		fds, failed := unix.ParseUnixRights(&m)
		for _, fd := range fds {
			list = append(list, NewDescriptor(fd))
		}
		err = errors.Join(err, failed)
	}
	return list, err
}

// errDropped: MSG_CTRUNC of recvmsg(2).
var errDropped = fmt.Errorf("the kernel had to drop descriptors (more than %d in one message, or RLIMIT_NOFILE reached)", MaxBatch)

// describe gives the address in the words of the socket's own family.
func describe(fd int) (Address, error) {
	typ, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return Address{}, fmt.Errorf("it is not a socket: %w", err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Address{}, err
	}
	return fromSockaddr(sa, networkOf(fd, typ, sa)), nil
}

func networkOf(fd, typ int, sa unix.Sockaddr) string {
	ip := map[int]string{unix.SOCK_STREAM: "tcp", unix.SOCK_DGRAM: "udp"}[typ]
	switch sa := sa.(type) {
	case *unix.SockaddrUnix:
		return map[int]string{unix.SOCK_STREAM: "unix", unix.SOCK_DGRAM: "unixgram", unix.SOCK_SEQPACKET: "unixpacket"}[typ]
	case *unix.SockaddrInet4:
		return ip + "4"
	case *unix.SockaddrInet6:
		only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		if err == nil && only == 0 && sa.Addr == [16]byte{} {
			return ip
		}
		return ip + "6"
	}
	return systemNetwork(sa)
}
