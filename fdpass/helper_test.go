//go:build linux

package fdpass

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

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

// shortDir is a folder whose paths fit into a socket address.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func unixPath(t *testing.T) string { return filepath.Join(shortDir(t), "s") }

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

// accept takes one connection and gives its descriptor.
func accept(t *testing.T, s *Socket) int {
	t.Helper()
	conn := -1
	err := s.Descriptor().Use(func(fd int) (err error) {
		conn, _, err = unix.Accept4(fd, unix.SOCK_CLOEXEC)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(conn) })
	return conn
}

func sockopt(t *testing.T, s *Socket, level, opt int) int {
	t.Helper()
	var v int
	err := s.Descriptor().Use(func(fd int) (err error) {
		v, err = unix.GetsockoptInt(fd, level, opt)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// openDescriptors counts what this process has open.
func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list) - 1 // the one that reads the folder
}

func ptr[T any](v T) *T { return &v }

// waitListening reads the log of systemd-socket-activate until it listens on n addresses; what follows stays to be read.
func waitListening(t *testing.T, r io.Reader, n int) *bufio.Reader {
	t.Helper()
	log := bufio.NewReader(r)
	for n > 0 {
		line, err := log.ReadString('\n')
		if err != nil {
			t.Fatalf("systemd-socket-activate said %q: %v", line, err)
		}
		if strings.Contains(line, "Listening on") {
			n--
		}
	}
	return log
}
