package worker

import (
	"errors"
	"net"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// packetConn receives from a socket that other processes receive from, too, as listener accepts.
type packetConn struct {
	d       *fdpass.Descriptor
	reading gate
	writing gate
	addr    *net.UDPAddr
	six     bool // its addresses are IPv6 ones, also of IPv4 peers
}

// newPacketConn owns d, but not when it fails.
func newPacketConn(d *fdpass.Descriptor) (*packetConn, error) {
	c := &packetConn{d: d}
	err := d.Use(func(fd int) error {
		name, err := windows.Getsockname(windows.Handle(fd))
		if err != nil {
			return os.NewSyscallError("getsockname", err)
		}
		_, c.six = name.(*windows.SockaddrInet6)
		c.addr = udpAddr(name)
		return nil
	})
	return c, err
}

// received is where the kernel writes while a call runs: it must not be on a stack that moves.
type received struct {
	data  windows.WSABuf
	from  windows.RawSockaddrAny
	size  int32
	flags uint32
}

// ReadFrom gives the next datagram. Of one that is longer than b the rest is lost, and the error is WSAEMSGSIZE, as that of net.UDPConn is.
func (c *packetConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	if len(b) == 0 {
		return 0, nil, nil
	}
	r := &received{data: windows.WSABuf{Len: uint32(len(b)), Buf: &b[0]}}
	moved, err := c.do(&c.reading, func(h windows.Handle, overlapped *windows.Overlapped, n *uint32) error {
		r.size, r.flags = int32(unsafe.Sizeof(r.from)), 0
		return windows.WSARecvFrom(h, &r.data, 1, n, &r.flags, &r.from, &r.size, overlapped, nil)
	})
	if errors.Is(err, windows.ERROR_MORE_DATA) {
		err = windows.WSAEMSGSIZE
	}
	if err != nil && !errors.Is(err, windows.WSAEMSGSIZE) {
		return 0, nil, c.failed("read", nil, err)
	}
	name, unknown := r.from.Sockaddr()
	if unknown != nil {
		return 0, nil, c.failed("read", nil, unknown)
	}
	if err != nil {
		return len(b), udpAddr(name), c.failed("read", nil, err)
	}
	return int(moved), udpAddr(name), nil
}

// WriteTo sends one datagram.
func (c *packetConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok || a == nil {
		return 0, c.failed("write", to, errors.New("not a UDP address"))
	}
	sockaddr, err := c.sockaddr(a)
	if err != nil {
		return 0, c.failed("write", to, err)
	}
	data := &windows.WSABuf{Len: uint32(len(b)), Buf: unsafe.SliceData(b)}
	n, err := c.do(&c.writing, func(h windows.Handle, overlapped *windows.Overlapped, n *uint32) error {
		return windows.WSASendto(h, data, 1, n, 0, sockaddr, overlapped, nil)
	})
	if err != nil {
		return 0, c.failed("write", to, err)
	}
	return int(n), nil
}

// do runs a call until it ends by something other than an earlier datagram that did not arrive: Winsock reports such ones to whoever
// receives next (WSARecvFrom, WSAECONNRESET).
func (c *packetConn) do(g *gate, start func(windows.Handle, *windows.Overlapped, *uint32) error) (n uint32, err error) {
	err = c.d.Use(func(fd int) error {
		o, err := g.enter()
		if err != nil {
			return err
		}
		defer g.leave(o)
		for {
			h := windows.Handle(fd)
			n, err = o.run(h, g, func(overlapped *windows.Overlapped, n *uint32) error { return start(h, overlapped, n) })
			if !isOne(err, windows.WSAECONNRESET, windows.WSAENETRESET, windows.ERROR_PORT_UNREACHABLE) {
				return err
			}
		}
	})
	return n, err
}

// Close interrupts what waits. The other holders of the socket get the datagrams that come after that.
func (c *packetConn) Close() error {
	err := c.reading.close()
	if err == nil {
		err = errors.Join(c.writing.close(), c.d.Close())
	}
	if err != nil {
		return c.failed("close", nil, err)
	}
	return nil
}

// LocalAddr gives the address of the socket.
func (c *packetConn) LocalAddr() net.Addr { return c.addr }

// SetDeadline bounds ReadFrom and WriteTo.
func (c *packetConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline bounds ReadFrom, also one that waits already.
func (c *packetConn) SetReadDeadline(t time.Time) error { return c.set(&c.reading, t) }

// SetWriteDeadline bounds WriteTo.
func (c *packetConn) SetWriteDeadline(t time.Time) error { return c.set(&c.writing, t) }

func (c *packetConn) set(g *gate, t time.Time) error {
	if err := g.setDeadline(t); err != nil {
		return c.failed("set", nil, err)
	}
	return nil
}

func (c *packetConn) failed(operation string, to net.Addr, err error) error {
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	return &net.OpError{Op: operation, Net: "udp", Source: c.addr, Addr: to, Err: err}
}

func (c *packetConn) sockaddr(a *net.UDPAddr) (windows.Sockaddr, error) {
	if four := a.IP.To4(); four != nil && !c.six {
		return &windows.SockaddrInet4{Addr: [4]byte(four), Port: a.Port}, nil
	}
	if len(a.IP) == 0 || !c.six {
		return nil, &net.AddrError{Err: "not an address of the socket's family", Addr: a.String()}
	}
	id, err := scope(a.Zone)
	return &windows.SockaddrInet6{Addr: [16]byte(a.IP.To16()), Port: a.Port, ZoneId: id}, err
}

// scope is what zone makes a name of, or the number of an interface.
func scope(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}

func udpAddr(name windows.Sockaddr) *net.UDPAddr {
	switch a := name.(type) {
	case *windows.SockaddrInet4:
		return &net.UDPAddr{IP: a.Addr[:], Port: a.Port}
	case *windows.SockaddrInet6:
		return &net.UDPAddr{IP: a.Addr[:], Port: a.Port, Zone: zone(a.ZoneId)}
	}
	return &net.UDPAddr{}
}
