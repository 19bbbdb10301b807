package registry

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestNextProcessHeld(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	if err := r.Hold("web"); err != nil {
		if strings.Contains(err.Error(), "CAP_NET_ADMIN") {
			t.Log("this machine lets nobody put a filter on TCP: ", err)
			return
		}
		t.Fatal(err)
	}
	next, rec := v.next(t, r, Options{})
	apply(t, next, web)
	if !next.Status()[0].Paused {
		t.Fatal("it is not held any more")
	}
	if err := next.Release("web"); err != nil || !connects(socket(t, next, "web").Address()) {
		t.Errorf("cannot be released: %v", err)
	}
	quiet(t, rec, "listener released")
	// A filter without the intention is what a process leaves that is killed in Prepare or Release.
	if err := socket(t, next, "web").Pause(); err != nil {
		t.Fatal(err)
	}
	last, _ := v.next(t, next, Options{})
	apply(t, last, web)
	if last.Status()[0].Paused || !connects(socket(t, last, "web").Address()) {
		t.Error("clients are locked out for ever")
	}
}

// A port that was chosen for a descriptor that was given is lost at a shutdown: the socket in its place is held too.
func TestHeldAndReopened(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	r, _ := open(t, Options{Given: []fdpass.Named{{Name: "web", Descriptor: fdpass.NewDescriptor(fd)}}})
	apply(t, r, listener(t, "web", "tcp://127.0.0.1:0"))
	if err := r.Hold("web"); err != nil {
		return // see TestNextProcessHeld
	}
	s := socket(t, r, "web")
	before := inode(t, s)
	shutdownHere(t, s)
	r.Status()
	if inode(t, s) == before || !r.Status()[0].Paused {
		t.Errorf("status is %+v", r.Status()[0])
	}
}

// The intention is carried out when the process before did not come to it.
func TestHeldIsCarriedOut(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	if err := r.Hold("web"); err != nil {
		return // see TestNextProcessHeld
	}
	if err := socket(t, r, "web").Resume(); err != nil {
		t.Fatal(err)
	}
	next, _ := v.next(t, r, Options{})
	apply(t, next, web)
	if !next.Status()[0].Paused {
		t.Error("it is not held")
	}
}
