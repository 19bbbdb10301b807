package fdpass

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// elsewhere opens in a network namespace of its own, where nothing but lo is, and that is down.
func elsewhere(t *testing.T, s Spec) *Socket {
	t.Helper()
	var socket *Socket
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with this
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			socket, err = Open(s)
		}
	}()
	<-done
	if errors.Is(err, unix.EPERM) && os.Getenv("SUPERVISE_REQUIRE_ALL") == "" {
		t.Skip("a network namespace takes CAP_SYS_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return socket
}

func TestTakeFromThisPlace(t *testing.T) {
	anywhere := spec("tcp://127.0.0.1:0")
	bound := anywhere
	bound.Options.BindDevice = "lo"
	for name, c := range map[string]struct {
		has, wants Spec
		says       string
	}{
		"the interface":    {bound, bound, ""},
		"an interface":     {bound, anywhere, `(it is bound to interface "lo")`},
		"another":          {bound, atDevice(bound, "eth9"), `(it is bound to interface "lo")`},
		"no interface":     {anywhere, bound, `(it is bound to no interface, expected was "lo")`},
		"none, none asked": {anywhere, anywhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, c.has)
			c.wants.Address.Port = s.Address().Port
			d, err := TakeFrom(os.Getpid(), c.wants)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = d.Close()
				return
			}
			if !errors.Is(err, ErrNotThere) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func atDevice(s Spec, device string) Spec {
	s.Options.BindDevice = device
	return s
}

// A listener at the address, but for other clients, is neither taken nor opened beside.
func TestTakeFromNamespace(t *testing.T) {
	wanted := spec("tcp://127.0.0.1:0")
	wanted.Address.Port = reserve(t, "tcp://127.0.0.1:0") // is to be free there and here
	elsewhere(t, wanted)
	_, err := TakeFrom(os.Getpid(), wanted)
	if err == nil || errors.Is(err, ErrNotThere) || !strings.Contains(err.Error(), "it is in another network namespace (take it by") {
		t.Errorf("got %v", err)
	}
	here := mustOpen(t, wanted)
	d, err := TakeFrom(os.Getpid(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if !sameFile(t, d, here.Descriptor()) {
		t.Error("it is another socket")
	}
}

// A Go program's listener is multipath TCP unless it says otherwise.
func TestTakeFromMultipath(t *testing.T) {
	var config net.ListenConfig
	config.SetMultipathTCP(true)
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wanted := spec("tcp://" + l.Addr().String())
	_, err = TakeFrom(os.Getpid(), wanted)
	if !errors.Is(err, ErrNotThere) || !strings.Contains(err.Error(), "(it speaks multipath TCP: set multipath = true)") {
		t.Fatalf("got %v", err)
	}
	wanted.Options.Multipath = true
	d, err := TakeFrom(os.Getpid(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
}

// A path is reached from every namespace.
func TestTakeFromNamespacePath(t *testing.T) {
	s := elsewhere(t, spec("unix://"+shortDir(t)+"/s"))
	d, err := TakeFrom(os.Getpid(), s.Spec())
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
}

// Looking through a process leaves its connections alone.
func TestTakeFromLeavesLinger(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	dial(t, s)
	conn := accept(t, s)
	want := unix.Linger{Onoff: 1, Linger: 1}
	if err := unix.SetsockoptLinger(conn, unix.SOL_SOCKET, unix.SO_LINGER, &want); err != nil {
		t.Fatal(err)
	}
	wanted := s.Spec()
	wanted.Address.Port = s.Address().Port
	before := openDescriptors(t)
	taken, err := TakeFrom(os.Getpid(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	_ = taken.Close()
	for openDescriptors(t) > before { // what lingers is closed in the background
		runtime.Gosched()
	}
	if got, err := unix.GetsockoptLinger(conn, unix.SOL_SOCKET, unix.SO_LINGER); err != nil || *got != want {
		t.Errorf("it has %+v, %v", got, err)
	}
}
