package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func peeked(t testing.TB, s *Socket) Message {
	t.Helper()
	m, err := s.Peek()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func discard(t testing.TB, s *Socket) {
	t.Helper()
	if err := s.Discard(); err != nil {
		t.Fatal(err)
	}
}

// successor is the socket in the hands of the next manager.
func successor(t testing.TB, s *Socket) *Socket {
	t.Helper()
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	next, err := Restore(s.Path(), f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = next.Close() })
	return next
}

func TestPeekLeavesTheMessage(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	for i := range 3 {
		send(t, fd, fmt.Sprintf("STATUS=%d", i))
	}
	for i := range 3 {
		for _, reader := range []*Socket{s, s, successor(t, s)} {
			if m := peeked(t, reader); m.Status != fmt.Sprint(i) || m.PID != os.Getpid() || m.UID != os.Getuid() {
				t.Fatalf("message %d is %+v", i, m)
			}
		}
		discard(t, s)
	}
}

func TestDiscardOnlyWhatWasSeen(t *testing.T) {
	s := listenHere(t)
	send(t, sender(t, s), "READY=1")
	for range 2 {
		if err := s.Discard(); err == nil || !strings.Contains(err.Error(), "none was looked at") {
			t.Fatalf("got %v", err)
		}
		if m := peeked(t, s); !m.Ready {
			t.Fatalf("got %+v", m)
		}
		discard(t, s)
		send(t, sender(t, s), "READY=1")
	}
}

// A sender at a barrier goes on when its message is dealt with and discarded, whoever has looked at it.
func TestPeekBarrier(t *testing.T) {
	s := listenHere(t)
	r, w := pipe(t)
	send(t, sender(t, s), "BARRIER=1", w)
	_ = unix.Close(w)
	before := openFiles(t)
	first, second := peeked(t, s), peeked(t, s)
	for _, m := range []Message{first, second} {
		if m.Barrier == nil || m.Barrier.Close() != nil {
			t.Fatalf("got %+v", m)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	waits := []unix.PollFd{{Fd: int32(r.Fd()), Events: unix.POLLIN}}
	if n, err := unix.Poll(waits, 0); n != 0 || err != nil {
		t.Fatalf("released before it was discarded: %d, %v", n, err)
	}
	discard(t, s)
	atEOF(t, r)
}

// Descriptors that come along are closed at each look and go with the message; Discard installs none.
func TestPeekClosesDescriptors(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	before := openFiles(t)
	for text, why := range map[string]string{"READY=1": "", "READY=no": "the only value is 1", "BARRIER=1": "with 3 descriptors"} {
		r, w := pipe(t)
		send(t, fd, text, w, w, w)
		_ = unix.Close(w)
		for range 2 {
			m, err := s.Peek()
			if why == "" && (err != nil || m.Dropped != 3) || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
				t.Errorf("%q: got %+v, %v", text, m, err)
			}
		}
		if after := openFiles(t); after != before+1 {
			t.Errorf("%q: %d descriptors before, %d after", text, before+1, after)
		}
		discard(t, s)
		atEOF(t, r)
		_ = r.Close()
	}
}

func TestPeekRefusedStays(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	send(t, fd, strings.Repeat("x", 2*MaxMessage))
	send(t, fd, "READY=1")
	for range 2 {
		_, err := s.Peek()
		var r *RefusedError
		if !errors.As(err, &r) || r.PID != os.Getpid() {
			t.Fatalf("got %v", err)
		}
	}
	discard(t, s)
	if m := peeked(t, s); !m.Ready {
		t.Errorf("got %+v", m)
	}
}

func TestCloseEndsPeek(t *testing.T) {
	s := listenHere(t)
	send(t, sender(t, s), "READY=1")
	peeked(t, s)
	discard(t, s)
	got := make(chan error)
	go func() {
		_, err := s.Peek()
		got <- err
	}()
	_ = s.Close()
	if err := <-got; err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	other := listenHere(t)
	send(t, sender(t, other), "READY=1")
	peeked(t, other)
	_ = other.Close()
	if err := other.Discard(); err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
}

// asReader makes TestProcPeekKilled a manager that looks at a message and is killed.
const asReader = "NOTIFY_TEST_PEEK"

func TestProcPeekKilled(t *testing.T) {
	if path := os.Getenv(asReader); path != "" {
		peekAndHang(path)
	}
	s := listenHere(t)
	r, w := pipe(t)
	fd := sender(t, s)
	send(t, fd, "READY=1\nSTATUS=once")
	send(t, fd, "BARRIER=1", w)
	_ = unix.Close(w)
	for range 2 {
		killPeeker(t, s)
	}
	if m := receive(t, s); !m.Ready || m.Status != "once" || m.PID != os.Getpid() {
		t.Errorf("got %+v", m)
	}
	m := receive(t, s)
	if m.Barrier == nil {
		t.Fatalf("got %+v", m)
	}
	_ = m.Barrier.Close()
	atEOF(t, r)
}

// killPeeker starts a process that looks at a message, and kills it when it has said so.
func killPeeker(t *testing.T, s *Socket) {
	t.Helper()
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcPeekKilled$")
	cmd.Env = append(os.Environ(), asReader+"="+s.Path())
	cmd.ExtraFiles, cmd.Stderr = []*os.File{f}, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4)
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "once" {
		t.Errorf("the reader said %q, %v", said, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func peekAndHang(path string) {
	s, err := Restore(path, os.NewFile(3, "socket"))
	if err != nil {
		panic(err)
	}
	m, err := s.Peek()
	if err != nil {
		panic(err)
	}
	fmt.Print(m.Status)
	for {
		_ = unix.Pause()
	}
}
