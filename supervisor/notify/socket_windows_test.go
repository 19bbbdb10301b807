package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// TestMain is also a worker that says one thing and ends.
func TestMain(m *testing.M) {
	if text := os.Getenv("NOTIFY_TEST_TEXT"); text != "" {
		f, err := os.OpenFile(os.Getenv("NOTIFY_SOCKET"), os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(text)
		}
		fmt.Print(err)
		return
	}
	os.Exit(m.Run())
}

func newSocket(t testing.TB) *Socket {
	t.Helper()
	s, err := Listen(Place(""), -1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// say writes as a worker does, each text at once.
func say(t testing.TB, s *Socket, texts ...string) {
	t.Helper()
	f, err := os.OpenFile(s.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, text := range texts {
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
}

func received(t testing.TB, s *Socket) Message {
	t.Helper()
	m, err := s.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReceive(t *testing.T) {
	s := newSocket(t)
	if !pipe.IsPath(s.Path()) {
		t.Errorf("path %s", s.Path())
	}
	say(t, s, "READY=1\nSTATUS=serving\n", "STOPPING=1\x00", "X_OURS=1\nMAINPID=7")
	if m := received(t, s); !m.Ready || m.Status != "serving" || m.PID != os.Getpid() || m.UID != os.Geteuid() {
		t.Errorf("got %+v", m)
	}
	if m := received(t, s); !m.Stopping {
		t.Errorf("got %+v", m)
	}
	if m := received(t, s); m.MainPID != 7 || len(m.Other) != 1 {
		t.Errorf("got %+v", m)
	}
}

// TestRefused: the messages after it are heard.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"READY":                             "is not KEY=VALUE",
		"READY=2":                           "READY",
		"BARRIER=1":                         "a pipe carries none",
		"FDSTORE=1\nFDNAME=x":               "a pipe carries none",
		"X=" + strings.Repeat("x", 2*4096):  "longer than 4096 bytes",
		"X=" + strings.Repeat("x", 4096-1):  "longer than 4096 bytes",
		"X=" + strings.Repeat("x", 1000000): "longer than 4096 bytes",
	} {
		t.Run(text[:min(len(text), 20)], func(t *testing.T) {
			s := newSocket(t)
			go func() { say(t, s, text, "READY=1") }()
			var refused *RefusedError
			if _, err := s.Receive(); !errors.As(err, &refused) || refused.PID != os.Getpid() || refused.UID != -1 || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			if m := received(t, s); !m.Ready {
				t.Errorf("got %+v", m)
			}
		})
	}
}

// TestPeekAndDiscard: a message stays until it is taken out.
func TestPeekAndDiscard(t *testing.T) {
	s := newSocket(t)
	if err := s.Discard(); err == nil {
		t.Error("discarded what was never looked at")
	}
	say(t, s, "STATUS=a", "STATUS=b")
	for range 3 {
		if m, err := s.Peek(); err != nil || m.Status != "a" {
			t.Errorf("%q, %v", m.Status, err)
		}
	}
	if err := s.Discard(); err != nil {
		t.Error(err)
	}
	if m := received(t, s); m.Status != "b" {
		t.Errorf("then %+v", m)
	}
}

func TestFinish(t *testing.T) {
	s := newSocket(t)
	say(t, s, "STATUS=a", "STATUS=b")
	s.Finish()
	for _, want := range []string{"a", "b"} {
		if m := received(t, s); m.Status != want {
			t.Errorf("got %+v, want %q", m, want)
		}
	}
	if _, err := s.Peek(); err != io.EOF {
		t.Errorf("then %v", err)
	}
}

func TestCloseEndsPeek(t *testing.T) {
	s := newSocket(t)
	ended := make(chan error)
	go func() {
		_, err := s.Peek()
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestNobodyHoldsIt(t *testing.T) {
	s := newSocket(t)
	if _, err := s.File(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(s.Path(), f); err == nil || f.Close() == nil {
		t.Errorf("restored, or the file was left open: %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	s := newSocket(t)
	for _, path := range []string{`C:\run\app.notify`, s.Path()} {
		if _, err := Listen(path, -1); err == nil || !strings.HasPrefix(err.Error(), "cannot listen for notifications: ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestProcWorkers are many at a time, each a process of its own that is gone when it is heard.
func TestProcWorkers(t *testing.T) {
	s := newSocket(t)
	pids := map[int]bool{}
	var all sync.WaitGroup
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "NOTIFY_TEST_TEXT=READY=1", "NOTIFY_SOCKET="+s.Path())
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pids[cmd.Process.Pid] = true
		all.Go(func() {
			if err := cmd.Wait(); err != nil || out.String() != "<nil>" {
				t.Errorf("%v, %s", err, &out)
			}
		})
	}
	all.Wait()
	s.Finish()
	for range 4 {
		if m := received(t, s); !m.Ready || !pids[m.PID] {
			t.Errorf("got %+v", m)
		} else {
			delete(pids, m.PID)
		}
	}
}
