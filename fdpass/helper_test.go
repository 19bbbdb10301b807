//go:build linux

package fdpass

import (
	"bufio"
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
