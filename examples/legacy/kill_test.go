//go:build linux

package legacy

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// gated is a server that waits before it binds, and before it listens, until somebody opens the gate.
const gated = `
import socket, sys
def gate(name):
    with open(name) as f:
        f.read()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
gate("one")
s.bind(("127.0.0.1", int(sys.argv[1])))
gate("bound")
gate("two")
s.listen(3)
gate("listening")
while True:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    c.close()
`

const gatedConfig = `
listener "web" {
  address = "tcp4://127.0.0.1:PORT"
  backlog = 77
}
service "gated" {
  command   = ["python3", "server.py", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]
  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
`

// TestProcManagerKilled kills the manager before the program binds, while it does, between that and listen, and after it: the program starts
// as if nothing had happened.
func TestProcManagerKilled(t *testing.T) {
	require(t, "python3", "python3")
	dir, port := t.TempDir(), freePort(t)
	for name, text := range map[string]string{"server.py": gated, "app.hcl": strings.ReplaceAll(gatedConfig, "PORT", strconv.Itoa(port))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, gate := range []string{"one", "bound", "two", "listening"} {
		if err := unix.Mkfifo(filepath.Join(dir, gate), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, dir, port)
	first := s.worker("gated", func(w supervisor.WorkerStatus) bool { return w.PID > 0 })
	s.kill(func() {})
	s.kill(func() { open(t, dir, "one") }) // whoever it is, he is stopped: the program waits in bind
	open(t, dir, "bound")                  // it has come so far
	s.kill(func() {})
	s.kill(func() { open(t, dir, "two") })
	open(t, dir, "listening")
	s.kill(func() {})

	w := s.worker("gated", isReady)
	if w.PID != first.PID || w.Generation != 1 || len(w.Adopted) != 1 || w.Adopted[0].Mode != "own" || w.NotIntercepted != "" || w.LastExit != "" {
		t.Errorf("worker %+v, was %+v", w, first)
	}
	if got, err := get(port); err != nil || !strings.HasSuffix(got, "hi") {
		t.Errorf("got %q, %v", got, err)
	}
	st, err := s.client.Status(t.Context(), nil)
	if err != nil || st.Listeners[0].Backlog.Effective != 77 {
		t.Errorf("status %+v, %v", st, err)
	}
}

// kill stops the manager, does what it must not see, kills it, and waits for the next one.
func (s *site) kill(unseen func()) {
	s.t.Helper()
	before := s.manager()
	if err := syscall.Kill(before, syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	unseen()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	if now := s.manager(); now == before {
		s.t.Fatalf("process %d answers, which was killed", now)
	}
}

// manager gives the one that answers. Where there is none the call waits for the next: the keeper holds the control socket.
func (s *site) manager() int {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	st, err := s.client.Status(ctx, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return st.ManagerPID
}

// open lets through whoever waits at a gate, or will.
func open(t *testing.T, dir, gate string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, gate), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// get makes one request on a connection of its own.
func get(port int) (string, error) {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}
