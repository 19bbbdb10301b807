//go:build unix

package worker

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// variable is the one that says that this process was given listeners.
const variable = "LISTEN_FDS"

// handed is a descriptor that this process was given; its Name is the listener's.
type handed struct{ f *os.File }

// receive takes what the environment of a process says that it was given.
func receive(getenv func(string) string, pid, parent int) ([]handed, error) {
	list, err := dialect.Parse(getenv, pid, parent)
	if err != nil {
		return nil, err
	}
	var all []handed
	for _, r := range list {
		f, err := inherit(r)
		if err != nil {
			return nil, err
		}
		all = append(all, handed{f})
	}
	return all, nil
}

func (h handed) name() string { return h.f.Name() }
func (h handed) kind() kind   { return kindOf(h.f) }
func (h handed) close()       { h.f.Close() }

// listener uses h up. FileListener duplicates; without closing ours the socket would go on collecting connections that
// nobody accepts.
func (h handed) listener() (net.Listener, error) {
	defer h.f.Close()
	return net.FileListener(h.f)
}

// packetConn uses h up.
func (h handed) packetConn() (net.PacketConn, error) {
	defer h.f.Close()
	return net.FilePacketConn(h.f)
}

// file uses h up.
func (h handed) file() (*os.File, error) { return h.f, nil }

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
