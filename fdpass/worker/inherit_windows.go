package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// variable is the one that says that this process was given listeners.
const variable = "LISTEN_HANDLES"

// handed is a socket that this process was given.
type handed struct {
	label string
	d     *fdpass.Descriptor
}

// soType is SO_TYPE of winsock2.h.
const soType = 0x1008

// fetchTimeout bounds how long the sockets may take to come.
const fetchTimeout = 10 * time.Second

// receive takes what LISTEN_HANDLES lists, or else what the systemfd protocol gives.
func receive(getenv func(string) string, pid, _ int) ([]handed, error) {
	list, err := dialect.ParseHandles(getenv)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return fetch(getenv, pid)
	}
	var all []handed
	for _, r := range list {
		h, err := inherit(r)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// inherit replaces a handle by one that no further process inherits. It is left alone unless it is a socket: a number may mean anything.
//
// What is inherited is the kernel's handle, and the Winsock of this process has not heard of it; a duplicate it knows in full
// (WSADuplicateSocket).
func inherit(r dialect.Received) (handed, error) {
	h := handed{label: r.Name}
	info, err := export(windows.Handle(r.FD))
	if err == nil {
		h.d, err = fdpass.Import(info)
	}
	if err != nil {
		return handed{}, fmt.Errorf("cannot take over handle %d for %q, which the environment promises: %w", r.FD, r.Name, err)
	}
	_ = fdpass.NewDescriptor(r.FD).Close()
	return h, nil
}

func export(s windows.Handle) ([]byte, error) {
	var info windows.WSAProtocolInfo
	err := windows.WSADuplicateSocket(s, windows.GetCurrentProcessId(), &info)
	if errors.Is(err, windows.WSAENOTSOCK) {
		return nil, errors.New("it is not a socket of this process")
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info)), os.NewSyscallError("WSADuplicateSocket", err)
}

// fetch asks for the sockets by the systemfd protocol.
func fetch(getenv func(string) string, pid int) ([]handed, error) {
	address, secret, ok := dialect.ParseSystemfd(getenv)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	list, err := wire.FetchSystemfd(ctx, address, secret, pid, fdpass.Import)
	if err != nil {
		return nil, err
	}
	var all []handed
	for _, d := range list {
		all = append(all, handed{d: d})
	}
	names, err := dialect.ParseNames(getenv, len(all))
	if err != nil {
		closeAll(all)
		return nil, err
	}
	for i := range all {
		all[i].label = names[i]
	}
	return all, nil
}

func closeAll(list []handed) {
	for _, h := range list {
		_ = h.d.Close()
	}
}

func (h handed) name() string { return h.label }

// kind looks at the type and family of the socket.
func (h handed) kind() kind {
	k := other
	_ = h.d.Use(func(fd int) error {
		k = kindOf(windows.Handle(fd))
		return nil
	})
	return k
}

func kindOf(s windows.Handle) kind {
	typ, err := windows.GetsockoptInt(s, windows.SOL_SOCKET, soType)
	if err != nil {
		return other
	}
	name, err := windows.Getsockname(s)
	if err != nil {
		return other
	}
	switch name.(type) {
	case *windows.SockaddrInet4, *windows.SockaddrInet6:
	default:
		return other
	}
	switch typ {
	case windows.SOCK_STREAM:
		return stream
	case windows.SOCK_DGRAM:
		return packet
	}
	return other
}

// listener uses h up.
func (h handed) listener() (net.Listener, error) {
	l, err := newListener(h.d)
	if err != nil {
		_ = h.d.Close()
		return nil, err
	}
	return l, nil
}

// packetConn uses h up.
func (h handed) packetConn() (net.PacketConn, error) {
	c, err := newPacketConn(h.d)
	if err != nil {
		_ = h.d.Close()
		return nil, err
	}
	return c, nil
}

// file uses h up.
func (h handed) file() (*os.File, error) { return fdpass.ToFile(h.d, h.label) }

func (h handed) close() { _ = h.d.Close() }
