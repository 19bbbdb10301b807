package worker

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func receiveFrom(t *testing.T, s *fdpass.Socket) *packetConn {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newPacketConn(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestPackets answers datagrams by one of two holders of the socket.
func TestPackets(t *testing.T) {
	for _, c := range []struct{ network, host, client string }{{"udp4", "127.0.0.1", "127.0.0.1"}, {"udp6", "::1", "::1"}} {
		t.Run(c.network, func(t *testing.T) {
			s := open(t, c.network, c.host)
			first, second := receiveFrom(t, s), receiveFrom(t, s)
			client := receiveFrom(t, open(t, c.network, c.client))
			for _, server := range []*packetConn{first, second} {
				if n, err := client.WriteTo([]byte("hello"), server.LocalAddr()); n != 5 || err != nil {
					t.Fatal(n, err)
				}
				b := make([]byte, 100)
				n, from, err := server.ReadFrom(b)
				if err != nil || string(b[:n]) != "hello" || from.String() != client.LocalAddr().String() {
					t.Fatalf("received %q from %v, error %v", b[:n], from, err)
				}
				if _, err := server.WriteTo([]byte("welcome"), from); err != nil {
					t.Fatal(err)
				}
				n, from, err = client.ReadFrom(b[:3])
				if n != 3 || string(b[:3]) != "wel" || !errors.Is(err, windows.WSAEMSGSIZE) || from.String() != server.LocalAddr().String() {
					t.Errorf("received %q from %v, error %v", b[:n], from, err)
				}
			}
		})
	}
}

func TestPacketsEnd(t *testing.T) {
	s := open(t, "udp4", "127.0.0.1")
	c := receiveFrom(t, s)
	ended := make(chan error)
	read := func() {
		_, _, err := c.ReadFrom(make([]byte, 1))
		ended <- err
	}
	for _, end := range []struct {
		do   func() error
		want error
	}{
		{func() error { return c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{c.Close, net.ErrClosed},
	} {
		if err := c.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		go read()
		inside(&c.reading, 1)
		if err := end.do(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, end.want) {
			t.Errorf("ReadFrom: %v, want %v", err, end.want)
		}
	}
	if _, err := c.WriteTo([]byte{1}, c.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteTo after Close: %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close after Close: %v", err)
	}
}

func TestPacketsTo(t *testing.T) {
	four, six := &packetConn{addr: &net.UDPAddr{}}, &packetConn{addr: &net.UDPAddr{}, six: true}
	for _, c := range []struct {
		c  *packetConn
		to net.Addr
		ok bool
	}{
		{four, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, true},
		{four, &net.UDPAddr{IP: net.IPv6loopback}, false},
		{four, &net.UDPAddr{}, false},
		{four, (*net.UDPAddr)(nil), false},
		{four, &net.TCPAddr{}, false},
		{six, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, true},
		{six, &net.UDPAddr{IP: net.IPv6loopback, Zone: "1"}, true},
		{six, &net.UDPAddr{IP: net.IPv6loopback, Zone: "no such interface"}, false},
	} {
		a, isUDP := c.to.(*net.UDPAddr)
		if !isUDP || a == nil {
			if _, err := c.c.WriteTo(nil, c.to); err == nil {
				t.Errorf("%v is an address", c.to)
			}
			continue
		}
		if _, err := c.c.sockaddr(a); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.to, err)
		}
	}
}
