package worker

import (
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// perHandoff is the number of connections between two handovers, all clients together.
const perHandoff = 150

// shared is a listening socket.
type shared struct{ f *os.File }

// listener makes another listener of it.
func (s shared) listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.FileListener(s.f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sharedSocket opens the socket that outlives the servers. Not by net.Listen and File(): the file of that makes the
// socket blocking for all when its Fd is used, which package net does to duplicate it.
func sharedSocket(t *testing.T) (shared, string) {
	t.Helper()
	fd, address := rawListener(t)
	f := os.NewFile(uintptr(fd), "web")
	t.Cleanup(func() { f.Close() })
	return shared{f}, address
}

// TestStuckAccept stops a server whose listener was made blocking by somebody else.
func TestStuckAccept(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	socket, address := sharedSocket(t)
	s := startServer(t, socket)
	for range 3 {
		if err := unix.SetNonblock(int(socket.f.Fd()), false); err != nil {
			t.Fatal(err)
		}
		if err := get(address); err != nil { // and Accept is entered again, to block
			t.Fatal(err)
		}
	}
	s.retire(t)
}
