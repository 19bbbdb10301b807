package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// listenHere makes a socket that the test closes.
func listenHere(t testing.TB) *Socket {
	t.Helper()
	s, err := Listen(filepath.Join(t.TempDir(), "n"), -1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// sender is a raw socket connected to s. Sending on it may block.
func sender(t testing.TB, s *Socket) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: s.Path()}); err != nil {
		t.Fatal(err)
	}
	return fd
}

func send(t testing.TB, fd int, text string, descriptors ...int) {
	t.Helper()
	var oob []byte
	if len(descriptors) > 0 {
		oob = unix.UnixRights(descriptors...)
	}
	if err := unix.Sendmsg(fd, []byte(text), oob, nil, 0); err != nil {
		t.Fatal(err)
	}
}

func receive(t testing.TB, s *Socket) Message {
	t.Helper()
	m, err := s.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused expects a datagram that is thrown away, with the sender known.
func refused(t *testing.T, s *Socket, why string) {
	t.Helper()
	_, err := s.Receive()
	var r *RefusedError
	if !errors.As(err, &r) || !strings.Contains(err.Error(), why) {
		t.Fatalf("got %v, want %q", err, why)
	}
	if r.PID != os.Getpid() || r.UID != os.Getuid() {
		t.Errorf("refused message of pid %d, uid %d", r.PID, r.UID)
	}
}

// openFiles counts our descriptors. Tests that use it do not run in parallel.
func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// pipe gives the write end, and the read end that sees EOF when all write ends are closed.
func pipe(t testing.TB) (r *os.File, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r = os.NewFile(uintptr(p[0]), "pipe")
	t.Cleanup(func() { _ = r.Close() })
	return r, p[1]
}

func atEOF(t *testing.T, r *os.File) {
	t.Helper()
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("read %d, %v", n, err)
	}
}

func TestReceiveSaysWhoSent(t *testing.T) {
	s := listenHere(t)
	send(t, sender(t, s), "READY=1\nSTATUS=here")
	m := receive(t, s)
	if !m.Ready || m.Status != "here" || m.PID != os.Getpid() || m.UID != os.Getuid() || m.Barrier != nil || m.Dropped != 0 {
		t.Errorf("got %+v", m)
	}
}

func TestReceiveKeepsOrder(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	go func() {
		for i := range 1000 {
			_ = unix.Sendmsg(fd, fmt.Appendf(nil, "STATUS=%d", i), nil, nil, 0)
		}
	}()
	for i := range 1000 {
		if m := receive(t, s); m.Status != fmt.Sprint(i) {
			t.Fatalf("message %d says %q", i, m.Status)
		}
	}
}

func TestListenMakesAPrivatePath(t *testing.T) {
	for _, mask := range []int{0, 0o077, 0o277} {
		old := unix.Umask(mask)
		s, err := Listen(filepath.Join(t.TempDir(), "n"), 12345)
		unix.Umask(old)
		if os.Getuid() != 0 {
			if !errors.Is(err, os.ErrPermission) {
				t.Fatalf("got %v without the right to give files away", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		st, err := os.Lstat(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		if owner := st.Sys().(*syscall.Stat_t).Uid; st.Mode() != os.ModeSocket|0o600 || owner != 12345 {
			t.Errorf("umask %#o: mode %v of uid %d", mask, st.Mode(), owner)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	busy := listenHere(t)
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{
		"/" + strings.Repeat("x", 107):       "the path has 108 bytes and a socket address holds 107",
		"relative":                           "not absolute",
		"@abstract":                          "not absolute",
		filepath.Join(dir, "none", "socket"): "its folder does not exist",
		busy.Path():                          "in use",
		plain:                                "in use",
	} {
		s, err := Listen(path, -1)
		if err == nil || !strings.HasPrefix(err.Error(), `cannot listen for notifications on "`) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: got %v, want %q", path, err, why)
		}
		if s != nil {
			t.Errorf("%q: there is a socket all the same", path)
		}
	}
	if _, err := os.Lstat(plain); err != nil {
		t.Error("a file of somebody else is gone:", err)
	}
	send(t, sender(t, busy), "READY=1") // still there
}

func TestListenTakesTheLongestPath(t *testing.T) {
	dir := t.TempDir()
	if len(dir) > 100 {
		dir = "/tmp"
	}
	path := dir + "/" + strings.Repeat("n", maxPath-len(dir)-1)
	s, err := Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	send(t, sender(t, s), "READY=1")
	if m := receive(t, s); !m.Ready {
		t.Errorf("got %+v", m)
	}
}

func TestListenReplacesAStalePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(fd) // as after kill -9: the path stays
	s, err := Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	send(t, sender(t, s), "READY=1")
}

func TestCloseUnlinksOnlyOurPath(t *testing.T) {
	s := listenHere(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(s.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path is still there: %v", err)
	}
	other := listenHere(t)
	if err := os.Remove(other.Path()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other.Path(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(other.Path()); err != nil {
		t.Errorf("a path that was not ours is gone: %v", err)
	}
}

func TestCloseEndsReceive(t *testing.T) {
	s := listenHere(t)
	got := make(chan error)
	go func() {
		for {
			_, err := s.Receive()
			got <- err
			if err != nil {
				return
			}
		}
	}()
	send(t, sender(t, s), "READY=1")
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if err := <-got; err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	if _, err := s.Receive(); err != io.EOF {
		t.Errorf("later: %v, want EOF", err)
	}
	if _, err := s.File(); err == nil {
		t.Error("a closed socket was duplicated")
	}
}

// A worker that outlives its socket gets an error from its send, as it should.
func TestRestore(t *testing.T) {
	before := openFiles(t)
	s := listenHere(t)
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	send(t, sender(t, s), "STATUS=kept in the queue")
	// What a crash does: the descriptor is gone, the path is not.
	if err := s.file.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(s.Path(), f)
	if err != nil {
		t.Fatal(err)
	}
	if m := receive(t, again); m.Status != "kept in the queue" || m.PID != os.Getpid() {
		t.Errorf("got %+v", m)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(s.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path is still there: %v", err)
	}
	if after := openFiles(t); after > before+1 { // one is the test's own sender
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestRestoreRefuses(t *testing.T) {
	s := listenHere(t)
	r, w := pipe(t)
	defer unix.Close(w)
	before := openFiles(t)
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	n, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	for path, f := range map[string]*os.File{"/somewhere/else": f, s.Path(): os.NewFile(uintptr(n), "pipe")} {
		if _, err := Restore(path, f); err == nil || !strings.HasPrefix(err.Error(), "cannot restore notifications on ") {
			t.Errorf("%q: got %v", path, err)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
