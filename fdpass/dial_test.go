//go:build linux

package fdpass

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

// TestDialLocal: the server sees the very address that was told before, on every kind of listener.
func TestDialLocal(t *testing.T) {
	for name, tt := range map[string]struct{ network, listen, to, from string }{
		"IPv4":                   {"tcp4", "127.0.0.1:0", "127.0.0.1", "127.0.0.1"},
		"another of loopback":    {"tcp4", "127.0.0.7:0", "127.0.0.7", "127.0.0.7"},
		"IPv6":                   {"tcp6", "[::1]:0", "::1", "::1"},
		"wildcard, IPv4":         {"tcp4", "0.0.0.0:0", "127.0.0.1", "127.0.0.1"},
		"wildcard, IPv6":         {"tcp6", "[::]:0", "::1", "::1"},
		"both families, by IPv4": {"tcp", ":0", "127.0.0.1", "127.0.0.1"},
		"both families, mapped":  {"tcp", ":0", "::ffff:127.0.0.1", "127.0.0.1"},
		"both families, by IPv6": {"tcp", ":0", "::1", "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen(tt.network, tt.listen)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			port := uint16(l.Addr().(*net.TCPAddr).Port)
			var told netip.AddrPort
			c, err := DialLocal(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(tt.to), port), func(from netip.AddrPort) error {
				told = from
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			s, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			seen := s.RemoteAddr().(*net.TCPAddr).AddrPort()
			if seen = netip.AddrPortFrom(seen.Addr().Unmap(), seen.Port()); seen != told || told.Addr() != netip.MustParseAddr(tt.from) || told.Port() == port {
				t.Errorf("told %s, seen %s", told, seen)
			}
		})
	}
}

// TestDialLocalFails: no packet is sent where whoever is told does not want it, and an address of others is told apart.
func TestDialLocalFails(t *testing.T) {
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(reserve(t, "tcp://127.0.0.1:0")))
	unwanted := errors.New("unwanted")
	if c, err := DialLocal(t.Context(), to, func(netip.AddrPort) error { return unwanted }); !errors.Is(err, unwanted) {
		t.Errorf("%v, %v", c, err)
	}
	fine := func(netip.AddrPort) error { return nil }
	if c, err := DialLocal(t.Context(), netip.MustParseAddrPort("192.0.2.1:80"), fine); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := DialLocal(t.Context(), to, fine); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := DialLocal(t.Context(), netip.MustParseAddrPort("[fe80::1%nothing]:80"), fine); err == nil {
		t.Errorf("connected to %v", c)
	}
}
