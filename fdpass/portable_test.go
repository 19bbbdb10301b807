package fdpass

import (
	"flag"
	"net"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// quickExit spares a child the second that the race detector waits at exit.
const quickExit = "GORACE=atexit_sleep_ms=0"

// spec makes a Spec of the short forms "tcp://127.0.0.1:0" and "unix:///path".
func spec(address string) Spec {
	network, rest, _ := strings.Cut(address, "://")
	s := Spec{Name: "web", Address: Address{Network: network}, UID: -1, GID: -1}
	if s.Address.isUnix() || network == "fifo" {
		s.Address.Path = rest
		return s
	}
	i := strings.LastIndex(rest, ":")
	port, _ := strconv.ParseUint(rest[i+1:], 10, 32)
	s.Address.Host, s.Address.Port = strings.Trim(rest[:i], "[]"), uint32(port)
	return s
}

func mustOpen(t *testing.T, sp Spec) *Socket {
	t.Helper()
	s, err := Open(sp)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func state(t *testing.T, s *Socket) State {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// dialable turns wildcards into loopback.
func dialable(a Address) (network, address string) {
	if a.isUnix() {
		return a.Network, a.Path
	}
	host := a.Host
	switch host {
	case "0.0.0.0":
		host = "127.0.0.1"
	case "::", "":
		host = "::1"
	}
	return a.Network[:3], net.JoinHostPort(host, strconv.Itoa(int(a.Port)))
}

func dial(t *testing.T, s *Socket) net.Conn {
	t.Helper()
	network, address := dialable(s.Address())
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ptr[T any](v T) *T { return &v }
