package fdpass

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// TestReconfigureBacklog: Winsock does not change it, so it is said, until it is set back.
func TestReconfigureBacklog(t *testing.T) {
	at := func(n int) Spec { return with("tcp://127.0.0.1:0", func(sp *Spec) { sp.Backlog = n }) }
	s := mustOpen(t, at(300))
	for _, step := range []struct {
		backlog int
		warning string
	}{
		{300, ""},
		{400, "the backlog stays 300 and does not become 400"},
		{0, "the backlog stays 300 and does not become the most that the provider gives"},
		{300, ""},
	} {
		if err := s.Reconfigure(at(step.backlog)); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.Warnings(), "\n")
		if (got == "") != (step.warning == "") || !strings.Contains(got, step.warning) {
			t.Errorf("%d: %q", step.backlog, got)
		}
		if s.Spec().Backlog != step.backlog {
			t.Errorf("%d: it remembers %d", step.backlog, s.Spec().Backlog)
		}
	}
	high := mustOpen(t, at(70000))
	if err := high.Reconfigure(at(70000)); err != nil || len(high.Warnings()) != 1 || !strings.Contains(high.Warnings()[0], `"web": the backlog of 70000 is cut`) {
		t.Errorf("%q, %v", high.Warnings(), err)
	}
}

// TestReconfigurePutsBack: when one option fails, those before it are as they were.
func TestReconfigurePutsBack(t *testing.T) {
	s := mustOpen(t, spec("tcp4://127.0.0.1:0"))
	bad := option1("tcp4://127.0.0.1:0", func(o *Options) { o.KeepAlive, o.TTL = ptr(true), ptr(100000) })
	if err := s.Reconfigure(bad); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("got %v", err)
	}
	if n := read(t, s, place{0, windows.SOL_SOCKET, windows.SO_KEEPALIVE}); n != 0 || s.Spec().Options != (Options{}) {
		t.Errorf("keepalive is %d, %+v", n, s.Spec().Options)
	}
	elsewhere := spec("tcp4://127.0.0.1:1")
	if err := s.Reconfigure(elsewhere); err == nil || !strings.Contains(err.Error(), "cannot set address") {
		t.Errorf("got %v", err)
	}
}

// TestRelisten: on a socket that listens nothing happens, and there is nothing that keeps it from listening.
func TestRelisten(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	if err := s.Relisten(); err != nil || !state(t, s).Listening {
		t.Error(err)
	}
	dial(t, s)
	if err := mustOpen(t, spec("udp://127.0.0.1:0")).Relisten(); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("got %v", err)
	}
}

// TestShutdownDoesNothing: no worker can end a listener for all, as it can on unix.
func TestShutdownDoesNothing(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	err := mustDuplicate(t, s).Use(func(fd int) error { return windows.Shutdown(windows.Handle(fd), windows.SHUT_RDWR) })
	if !errors.Is(err, windows.WSAENOTCONN) {
		t.Errorf("got %v", err)
	}
	if !state(t, s).Listening {
		t.Error("it does not listen")
	}
	dial(t, s)
}

// TestNotOnWindows: what there is nothing for says so, and closes what it was given.
func TestNotOnWindows(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	d := mustDuplicate(t, s)
	_, atAnother := s.Another()
	_, atJoin := Join(s.Spec(), d)
	_, atWatcher := NewWatcher()
	_, atTake := TakeFrom(1, s.Spec())
	_, atDevice := DeviceOf(s.Descriptor())
	_, _, atGiven := Given([]string{"LISTEN_FDS=1", "LISTEN_PID=7"}, 7)
	for name, err := range map[string]error{
		"Another": atAnother, "Join": atJoin, "NewWatcher": atWatcher, "TakeFrom": atTake, "DeviceOf": atDevice, "Given": atGiven,
		"Pause": s.Pause(), "Send": Send(nil, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), "not supported on windows") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.Close() != os.ErrClosed {
		t.Error("Join left it open")
	}
	if err := s.Reopen(); !errors.Is(err, syscall.EADDRINUSE) || !state(t, s).Listening {
		t.Errorf("Reopen: %v", err)
	}
	if restored, err := s.RestorePath(); restored || err != nil {
		t.Errorf("RestorePath: %t, %v", restored, err)
	}
	if err := errors.Join(s.OwnPath(), Sweep(s.Address())); err != nil {
		t.Error(err)
	}
}
