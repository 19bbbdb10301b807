//go:build linux

package fdpass

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

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

// reserve binds a TCP socket until the test ends, whose port the kernel gives to nobody then, neither to a client nor for port 0. Who names it
// gets it, if he sets SO_REUSEADDR as servers do: what does not listen is in nobody's way.
func reserve(t *testing.T, address string) uint32 {
	t.Helper()
	o := &opener{spec: spec(address), fd: -1}
	t.Cleanup(o.discard)
	for _, step := range []func() error{o.create, o.setOptions, o.bind} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return o.address.Port
}

// listenAtAnyPort has the kernel choose the port at bind(2). Nobody else gets it when the socket loses it.
func listenAtAnyPort(t *testing.T, fd int) {
	t.Helper()
	err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	if err != nil {
		t.Fatal(err)
	}
	at, err := addressOf(fd, "tcp")
	if err != nil {
		t.Fatal(err)
	}
	reserve(t, at.String())
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
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

// openDescriptors counts what this process has open. Later there may be fewer: CloseForeign of an earlier test can still be on its way.
func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list) - 1 // the one that reads the folder
}

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
