package worker

import (
	"errors"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// listener accepts from a socket that other processes accept from, too, by AcceptEx. Each running Accept has a thread, and a connection
// goes to one of those that wait, whichever process they are of.
type listener struct {
	d      *fdpass.Descriptor
	gate   gate
	addr   net.Addr
	family int32
}

// acceptAddress is the room for one address that AcceptEx wants: 16 bytes more than the largest.
const acceptAddress = uint32(unsafe.Sizeof(windows.RawSockaddrAny{})) + 16

// newListener owns d, but not when it fails.
func newListener(d *fdpass.Descriptor) (*listener, error) {
	l := &listener{d: d, family: windows.AF_INET6}
	err := d.Use(func(fd int) error {
		name, err := windows.Getsockname(windows.Handle(fd))
		if err != nil {
			return os.NewSyscallError("getsockname", err)
		}
		l.addr = tcpAddr(name)
		if _, four := name.(*windows.SockaddrInet4); four {
			l.family = windows.AF_INET
		}
		return nil
	})
	return l, err
}

// Accept gives the next connection, also one that came in the moment of Close.
func (l *listener) Accept() (net.Conn, error) {
	var c net.Conn
	err := l.d.Use(func(fd int) (err error) {
		c, err = l.accept(windows.Handle(fd))
		return err
	})
	if err != nil {
		return nil, l.failed("accept", err)
	}
	return c, nil
}

func (l *listener) accept(h windows.Handle) (net.Conn, error) {
	o, err := l.gate.enter()
	if err != nil {
		return nil, err
	}
	defer l.gate.leave(o)
	for {
		c, err := l.once(h, o)
		if !gone(err) {
			return c, err
		}
	}
}

// gone is whether a client has left before it was accepted.
func gone(err error) bool {
	return isOne(err, windows.ERROR_NETNAME_DELETED, windows.ERROR_UNEXP_NET_ERR, windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENOTCONN)
}

func isOne(err error, list ...syscall.Errno) bool {
	return slices.ContainsFunc(list, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

func (l *listener) once(h windows.Handle, o *operation) (net.Conn, error) {
	s, err := windows.WSASocket(l.family, windows.SOCK_STREAM, windows.IPPROTO_TCP, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return nil, os.NewSyscallError("WSASocket", err)
	}
	defer windows.Closesocket(s) // the connection has a duplicate
	_, err = o.run(h, &l.gate, func(overlapped *windows.Overlapped, n *uint32) error {
		return windows.AcceptEx(h, s, &o.buffer[0], 0, acceptAddress, acceptAddress, n, overlapped)
	})
	if err != nil {
		return nil, err
	}
	// AcceptEx: without it getpeername and shutdown do not work on the new socket.
	err = windows.Setsockopt(s, windows.SOL_SOCKET, windows.SO_UPDATE_ACCEPT_CONTEXT, (*byte)(unsafe.Pointer(&h)), int32(unsafe.Sizeof(h)))
	if err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return connOf(s)
}

// Close interrupts every Accept at once. The other holders of the socket get the connections that come after that.
func (l *listener) Close() error {
	err := l.gate.close()
	if err == nil {
		err = l.d.Close()
	}
	if err != nil {
		return l.failed("close", err)
	}
	return nil
}

// SetDeadline bounds Accept, those that wait already too, as that of net.TCPListener does.
func (l *listener) SetDeadline(t time.Time) error {
	if err := l.gate.setDeadline(t); err != nil {
		return l.failed("set", err)
	}
	return nil
}

// Addr gives the address of the socket.
func (l *listener) Addr() net.Addr { return l.addr }

// failed is an error as those of package net are, for its users to test.
func (l *listener) failed(operation string, err error) error {
	switch {
	case errors.Is(err, os.ErrClosed):
		err = net.ErrClosed
	case scarce(err):
		err = scarceError{err}
	}
	return &net.OpError{Op: operation, Net: "tcp", Addr: l.addr, Err: err}
}

// scarce is whether something has run out that will be there again. The listener still works.
func scarce(err error) bool {
	return isOne(err, windows.WSAEMFILE, windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_TOO_MANY_OPEN_FILES)
}

// scarceError has http.Server wait and accept again in place of giving up.
type scarceError struct{ error }

// Temporary says so.
func (scarceError) Temporary() bool { return true }

// Unwrap gives the error of the system.
func (e scarceError) Unwrap() error { return e.error }

func tcpAddr(name windows.Sockaddr) net.Addr {
	switch a := name.(type) {
	case *windows.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *windows.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port, Zone: zone(a.ZoneId)}
	}
	return &net.TCPAddr{}
}
