//go:build linux

package fdpass

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func newTestWatcher(t *testing.T, sockets ...*Socket) *Watcher {
	t.Helper()
	w, err := NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, s := range sockets {
		if err := w.Add(s); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func expectEvent(t *testing.T, w *Watcher, s *Socket, kind WatchKind) {
	t.Helper()
	if e := <-w.Events(); e.Socket != s || e.Kind != kind {
		t.Fatalf("got %v of %s, expected %v of %s", e.Kind, e.Socket.Address(), kind, s.Address())
	}
}

func TestProcWatchShutdown(t *testing.T) {
	tcp, udp := mustOpen(t, spec("tcp://:0")), mustOpen(t, spec("udp://:0"))
	stream, packet := mustOpen(t, spec("unix://"+unixPath(t))), mustOpen(t, spec("unixpacket://@fdpass-watch"))
	quiet := mustOpen(t, spec("tcp://:0"))
	w := newTestWatcher(t, tcp, udp, stream, packet, quiet)
	for _, s := range []*Socket{tcp, stream, packet, udp, tcp} {
		dial(t, quiet) // traffic is no event
		run(t, "shutdown", s)
		expectEvent(t, w, s, Shutdown)
		if s == tcp {
			if err := s.Relisten(); err != nil {
				t.Fatal(err)
			}
			dial(t, s)
		}
	}
}

func TestProcWatchPath(t *testing.T) {
	for _, network := range []string{"unix", "unixgram", "fifo"} {
		s, other := mustOpen(t, spec(network+"://"+unixPath(t))), mustOpen(t, spec("unix://"+unixPath(t)))
		path := s.Address().Path
		w := newTestWatcher(t, s, other)
		if err := os.Chmod(path, 0o640); err != nil { // is no event
			t.Fatal(err)
		}
		for _, harm := range []func(){
			func() { run(t, "unlink "+path, nil) },
			func() { os.Rename(path, path+"x") },
			func() { os.WriteFile(path+"x", nil, 0o600); os.Rename(path+"x", path) },
		} {
			harm()
			expectEvent(t, w, s, PathGone)
			os.Remove(path + "x")
			if fi, err := os.Lstat(path); err == nil && fi.Mode().IsRegular() {
				os.Remove(path)
			}
			if again, err := s.RestorePath(); !again || err != nil {
				t.Fatal(again, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// After Reopen the watcher is told by Remove and Add.
func TestWatchReopened(t *testing.T) {
	s := mustOpen(t, spec("unix://"+unixPath(t)))
	w := newTestWatcher(t, s)
	for range 3 {
		if err := unix.Shutdown(s.Descriptor().fd, unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		expectEvent(t, w, s, Shutdown)
		w.Remove(s)
		if err := s.Reopen(); err != nil {
			t.Fatal(err)
		}
		if err := w.Add(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWatcherRemoveAndClose(t *testing.T) {
	before := openDescriptors(t)
	s := mustOpen(t, spec("unix://"+unixPath(t)))
	w, err := NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(s); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(s); err == nil {
		t.Error("added twice")
	}
	w.Remove(s)
	w.Remove(s)
	if err := w.Add(s); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for e := range w.Events() { // Close ends it
		t.Logf("on its way was %v", e.Kind)
	}
	if err := w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := w.Add(s); err == nil {
		t.Error("added to a closed watcher")
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// Nobody reads the events, and Close does not hang.
func TestWatcherCloseWithoutReader(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	w := newTestWatcher(t, s)
	if err := unix.Shutdown(s.Descriptor().fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestWatchManySockets(t *testing.T) {
	const n = 300
	sockets := make([]*Socket, n)
	for i := range sockets {
		sockets[i] = mustOpen(t, spec("tcp://127.0.0.1:0"))
	}
	w := newTestWatcher(t, sockets...)
	for _, s := range sockets {
		if err := unix.Shutdown(s.Descriptor().fd, unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[*Socket]bool{}
	for len(seen) < n {
		seen[(<-w.Events()).Socket] = true
	}
}
