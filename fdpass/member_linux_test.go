package fdpass

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// foreign opens a listener that further sockets may be opened beside, and gives it to another user, as whoever hands one over may have.
func foreign(t *testing.T) (*Socket, Spec) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can give a socket to another user")
	}
	member := spec("tcp4://127.0.0.1:0")
	s := mustOpen(t, member)
	if err := s.Descriptor().Use(func(fd int) error { return unix.Fchown(fd, 65534, -1) }); err != nil {
		t.Fatal(err)
	}
	member.Member = true
	return s, member
}

// TestAnotherBesideAnotherUsers checks that a socket of another user is joined by one that belongs to that user too, also after a repair.
func TestAnotherBesideAnotherUsers(t *testing.T) {
	s, member := foreign(t)
	if err := s.Reconfigure(member); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		beside, err := s.Another()
		if err != nil {
			t.Fatal(err)
		}
		defer beside.Close()
		if state, err := beside.State(); err != nil || !state.Listening {
			t.Errorf("%+v, %v", state, err)
		}
		s = beside
	}
	if err := s.Reopen(); err != nil {
		t.Error(err)
	}
}

// TestShareAnotherUsers checks that it is said at once when no further socket could be opened beside one.
func TestShareAnotherUsers(t *testing.T) {
	s, member := foreign(t)
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with what it has given up
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&head, &none[0]); err != nil {
			failed <- err
			return
		}
		failed <- s.Reconfigure(member)
	}()
	err := <-failed
	if err == nil || !strings.Contains(err.Error(), "the socket belongs to user 65534") || !strings.Contains(err.Error(), `sharing = "all"`) {
		t.Error(err)
	}
}
