package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// TestMain is also a client of another process.
func TestMain(m *testing.M) {
	if path := os.Getenv("CONTROL_TEST_CLIENT"); path != "" {
		v, err := NewClient(path).Version(testContext())
		fmt.Print(v.Version, " ", err)
		return
	}
	os.Exit(m.Run())
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// listenHere is where a test's server listens. The caller closes it.
func listenHere(t *testing.T) timed {
	t.Helper()
	return must[*pipe.Listener](t)(pipe.Listen(pipe.Random("supervise-test-"), pipe.Options{}))
}

func place() Place { return Place{Path: pipe.Random("supervise-test-"), GID: -1} }

// at serves at a place until the test ends.
func at(t *testing.T, p Place) {
	t.Helper()
	l := must[*Listener](t)(Listen(p))
	s := NewServer(Options{Backend: &fake{}, Version: "v1", GID: -1, Group: p.Group})
	go s.Serve(l)
	t.Cleanup(func() { s.Close(testContext()) })
}

func TestListenTwice(t *testing.T) {
	p := place()
	at(t, p)
	_, err := Listen(p)
	var running *RunningError
	if !errors.As(err, &running) || running.PID != 7 || !strings.Contains(err.Error(), `already running with "app.hcl", pid 7`) || !strings.Contains(err.Error(), `"pipe://...`) {
		t.Errorf("got %v", err)
	}
}

// TestListenWhereAnotherListens: it is no supervise, which must not be claimed.
func TestListenWhereAnotherListens(t *testing.T) {
	_, err := Listen(Place{Path: say(t, "220 mail ESMTP\r\n")})
	var running *RunningError
	if !errors.Is(err, syscall.EADDRINUSE) || errors.As(err, &running) {
		t.Errorf("got %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	for path, want := range map[string]string{
		`C:\run\c.sock`:      `on windows it is a named pipe, give pipe://NAME`,
		`\\.\pipe\supervi\e`: "without further backslashes",
	} {
		if l, err := Listen(Place{Path: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, l, err)
		}
	}
}

func TestListenCloses(t *testing.T) {
	p := place()
	l := must[*Listener](t)(Listen(p))
	if l.Addr().String() != p.Path || l.Descriptor() != nil {
		t.Errorf("%v", l.Addr())
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	_, err := NewClient(p.Path).Version(t.Context())
	var u *UnreachableError
	if !errors.As(err, &u) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no such pipe (is it running?)") {
		t.Errorf("got %v", err)
	}
}

// ending is a listener whose Close looks what is there at that time.
type ending struct {
	net.Listener
	look func()
}

func (e ending) Close() error {
	e.look()
	return e.Listener.Close()
}

// TestNoteGoesFirst: as soon as the pipe is free another supervise can have it and leave its own note.
func TestNoteGoesFirst(t *testing.T) {
	p := place()
	p.Note = filepath.Join(t.TempDir(), "app.pipe")
	l := must[*Listener](t)(Listen(p))
	l.Listener = ending{l.Listener, func() {
		if _, err := os.Stat(p.Note); err == nil {
			t.Error("the note is there when the pipe ends")
		}
	}}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l.Listener = l.Listener.(ending).Listener
	next := must[*Listener](t)(Listen(p))
	defer next.Close()
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
	if _, err := os.Stat(p.Note); err != nil {
		t.Errorf("the note of the next: %v", err)
	}
}

// TestProcClient is a client in another process.
func TestProcClient(t *testing.T) {
	p := place()
	at(t, p)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CONTROL_TEST_CLIENT="+p.Path)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "v1 <nil>" {
		t.Errorf("%q, %v", out, err)
	}
}

// TestOverTCP: nobody can tell who that is.
func TestOverTCP(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	s := NewServer(Options{Backend: &fake{}, GID: -1})
	go s.Serve(l)
	defer s.Close(testContext())
	c := must[net.Conn](t)(net.Dial("tcp", l.Addr().String()))
	defer c.Close()
	fmt.Fprint(c, "GET /v1/version HTTP/1.0\r\n\r\n")
	b := make([]byte, 100)
	n, err := c.Read(b)
	if !strings.HasPrefix(string(b[:n]), "HTTP/1.0 403 ") {
		t.Errorf("%q, %v", b[:n], err)
	}
}
