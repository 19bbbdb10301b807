//go:build unix

package worker

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// inherit makes a file of a descriptor that this process was started with, and keeps it from the
// processes that this one starts. It changes nothing in the open file description that other
// processes share: O_NONBLOCK stays as it is.
func inherit(r dialect.Received) (*os.File, error) {
	if _, err := unix.FcntlInt(uintptr(r.FD), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("cannot take over descriptor %d for %q, which the environment promises: %w", r.FD, r.Name, err)
	}
	return os.NewFile(uintptr(r.FD), r.Name), nil
}

// kindOf looks at the type and family of a socket. It goes through SyscallConn because Fd may clear O_NONBLOCK.
func kindOf(f *os.File) kind {
	k := other
	c, err := f.SyscallConn()
	if err != nil {
		return other
	}
	_ = c.Control(func(fd uintptr) { k = kindOfFD(int(fd)) })
	return k
}

func kindOfFD(fd int) kind {
	typ, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return other // ENOTSOCK
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return other // EAFNOSUPPORT: AF_VSOCK and others that package net cannot hold
	}
	switch name.(type) {
	case *syscall.SockaddrInet4, *syscall.SockaddrInet6, *syscall.SockaddrUnix:
	default:
		return other
	}
	switch typ {
	case syscall.SOCK_STREAM, syscall.SOCK_SEQPACKET:
		return stream
	case syscall.SOCK_DGRAM:
		return packet
	}
	return other
}
