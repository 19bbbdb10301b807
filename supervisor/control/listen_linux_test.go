package control

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func place(t *testing.T) Place {
	return Place{Path: filepath.Join(t.TempDir(), "deep", "c.sock"), GID: -1, Folder: 0o700}
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

func TestListenMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for name, c := range map[string]struct {
		mode uint32
		gid  int
		want os.FileMode
	}{
		"default":       {0, -1, 0o600},
		"with a group":  {0, os.Getegid(), 0o660},
		"as configured": {0o640, os.Getegid(), 0o640},
	} {
		t.Run(name, func(t *testing.T) {
			p := place(t)
			p.Mode, p.GID = c.mode, c.gid
			l := must[net.Listener](t)(Listen(p))
			info := must[os.FileInfo](t)(os.Stat(p.Path))
			if info.Mode().Perm() != c.want {
				t.Errorf("mode %v, want %v", info.Mode().Perm(), c.want)
			}
			folder := must[os.FileInfo](t)(os.Stat(filepath.Dir(p.Path)))
			if folder.Mode().Perm() != 0o700 {
				t.Errorf("folder %v", folder.Mode().Perm())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(p.Path); !os.IsNotExist(err) {
				t.Errorf("the path is still there: %v", err)
			}
		})
	}
}

// TestListenReplacesStale is after a crash: the path is there and nobody listens.
func TestListenReplacesStale(t *testing.T) {
	p := place(t)
	if err := os.MkdirAll(filepath.Dir(p.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	dead := must[*net.UnixListener](t)(net.ListenUnix("unix", &net.UnixAddr{Name: p.Path}))
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l := must[net.Listener](t)(Listen(p))
	defer l.Close()
	s := NewServer(Options{Backend: &fake{}, Version: "v1", GID: -1})
	go s.Serve(l)
	defer s.Close(t.Context())
	if v, err := NewClient(p.Path).Version(t.Context()); v.Version != "v1" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

func TestListenTwice(t *testing.T) {
	p := place(t)
	l := must[net.Listener](t)(Listen(p))
	s := NewServer(Options{Backend: &fake{}, Version: "v1", GID: -1})
	go s.Serve(l)
	defer s.Close(t.Context())
	_, err := Listen(p)
	var running *RunningError
	if !errors.As(err, &running) || running.PID != 7 || !strings.Contains(err.Error(), `already running with "app.hcl", pid 7`) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(p.Path); err != nil {
		t.Errorf("the live path: %v", err)
	}
}

// TestListenWhereAnotherListens: it is no supervise, which must not be claimed.
func TestListenWhereAnotherListens(t *testing.T) {
	p := Place{Path: say(t, "220 mail ESMTP\r\n"), GID: -1, Folder: 0o700}
	_, err := Listen(p)
	var running *RunningError
	if !errors.Is(err, syscall.EADDRINUSE) || errors.As(err, &running) {
		t.Errorf("got %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"@name":                            "abstract sockets have no permissions",
		filepath.Join(file, "c.sock"):      "folder of the control socket",
		file:                               "control",
		"/tmp/" + strings.Repeat("x", 200): "control",
	} {
		l, err := Listen(Place{Path: path, GID: -1, Folder: 0o700})
		if err == nil {
			l.Close()
			t.Errorf("%s: no error", path)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file that was in the way: %v", err)
	}
}

// TestListenPathRemoved checks that the path comes back, while it is served and when the socket is taken over.
func TestListenPathRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.sock")
	place := Place{Path: path, GID: -1, Folder: 0o755}
	l, err := Listen(place)
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	awaitPath(t, path)
	if err := errors.Join(l.watcher.Close(), os.Remove(path)); err != nil { // as if this process had ended
		t.Fatal(err)
	}
	next, err := Restore(place, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
	l.watcher = nil
	if err := l.Listener.Close(); err != nil {
		t.Error(err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path is left: %v", err)
	}
}

// awaitPath waits until there is something at path; the watcher tells of it by putting it there.
func awaitPath(t *testing.T, path string) {
	t.Helper()
	for t.Context().Err() == nil {
		if _, err := os.Lstat(path); err == nil {
			return
		}
		runtime.Gosched()
	}
}
