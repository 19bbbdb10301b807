//go:build linux

package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// shelf is a Store.
type shelf struct {
	mu    sync.Mutex
	list  []fdpass.Named
	until map[string]time.Time
	fail  error // of every call
}

func newShelf(t testing.TB, list ...fdpass.Named) *shelf {
	s := &shelf{list: list, until: map[string]time.Time{}}
	t.Cleanup(func() { closeAll(s.list) })
	return s
}

func (s *shelf) List() ([]fdpass.Named, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []fdpass.Named
	for _, n := range s.list {
		d, err := n.Descriptor.Dup()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: n.Name, Descriptor: d})
	}
	if s.fail != nil {
		closeAll(list)
		return nil, s.fail
	}
	return list, nil
}

func (s *shelf) Put(name string, d *fdpass.Descriptor, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil && s.at(name) < 0 {
		s.list, s.until[name] = append(s.list, fdpass.Named{Name: name, Descriptor: d}), until
		return nil
	}
	_ = d.Close()
	if s.fail != nil {
		return s.fail
	}
	return ErrExists
}

func (s *shelf) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.at(name)
	switch {
	case s.fail != nil:
		return s.fail
	case at < 0:
		return ErrUnknown
	case s.until[name] == time.Time{} && !strings.HasPrefix(name, "app."):
		return ErrDenied
	}
	_ = s.list[at].Descriptor.Close()
	s.list = slices.Delete(s.list, at, at+1)
	return nil
}

func (s *shelf) expires(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until[name]
}

func (s *shelf) names() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.list {
		names = append(names, n.Name)
	}
	return names
}

func (s *shelf) at(name string) int {
	return slices.IndexFunc(s.list, func(n fdpass.Named) bool { return n.Name == name })
}

// listener opens a socket of ours.
func listener(t testing.TB, network, host string) *fdpass.Socket {
	t.Helper()
	return opened(t, fdpass.Spec{Name: "web", Address: fdpass.Address{Network: network, Host: host}, UID: -1, GID: -1})
}

func opened(t testing.TB, spec fdpass.Spec) *fdpass.Socket {
	t.Helper()
	s, err := fdpass.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// named duplicates the descriptors of sockets under a name each.
func named(t testing.TB, name string, s *fdpass.Socket) fdpass.Named {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	return fdpass.Named{Name: name, Descriptor: d}
}

func inode(t testing.TB, d *fdpass.Descriptor) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := d.Use(func(fd int) error { return unix.Fstat(fd, &st) }); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// openDescriptors counts what this process has open.
func openDescriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list) - 1 // the one that reads the folder
}

// pair gives two connected ends in Go's poller.
func pair(t testing.TB) (a, b *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		c, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		ends[i] = c.(*net.UnixConn)
		t.Cleanup(func() { c.Close() })
	}
	return ends[0], ends[1]
}

// at serves a protocol on a unix socket until the test ends; errors come out of the channel, one for each dialogue.
func at(t *testing.T, protocol string, s Store) (path string, ends <-chan error) {
	t.Helper()
	return listening(t, func(c *net.UnixConn) error { return Serve(context.Background(), c, protocol, s) })
}

// listening runs a dialogue for each connection. The path is short enough for a socket address.
func listening(t *testing.T, dialogue func(*net.UnixConn) error) (path string, ends <-chan error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path = filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1000)
	var running sync.WaitGroup
	t.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			running.Go(func() { done <- dialogue(c) })
		}
	})
	return path, done
}

// program finds a peer. With SUPERVISE_REQUIRE_ALL, as CI sets it, one that is missing is a failure.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatalf("%s is not installed (Debian package %s)", name, pkg)
	}
	t.Skipf("%s is not installed (Debian package %s)", name, pkg)
	return ""
}

// output runs a program to its end.
func output(t *testing.T, name, pkg string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, name, pkg), args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// process is a program that runs until the test ends.
type process struct {
	pid   int
	alive context.Context // ends with it
}

// daemon starts a program. What it says is logged when the test fails.
func daemon(t *testing.T, name, pkg string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(program(t, name, pkg), args...)
	var out lockedText
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	alive, ended := context.WithCancelCause(context.Background())
	go func() {
		ended(fmt.Errorf("%s ended: %w", name, errors.Join(cmd.Wait(), errors.New("see what it said"))))
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-alive.Done()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, out.text())
		}
	})
	return &process{pid: cmd.Process.Pid, alive: alive}
}

type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has says whether a process has the socket open.
func has(t testing.TB, pid int, s *fdpass.Socket) bool {
	t.Helper()
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	want := fmt.Sprintf("socket:[%d]", inode(t, s.Descriptor()))
	return slices.ContainsFunc(links, func(link string) bool {
		target, err := os.Readlink(link)
		return err == nil && target == want
	})
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
