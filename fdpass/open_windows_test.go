package fdpass

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

func TestOpenEveryNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"tcp://127.0.0.1:0":  "tcp4://127.0.0.1",
		"tcp://[::1]:0":      "tcp6://[::1]",
		"tcp://:0":           "tcp://[::]",
		"tcp4://:0":          "tcp4://0.0.0.0",
		"tcp6://:0":          "tcp6://[::]",
		"udp://127.0.0.1:0":  "udp4://127.0.0.1",
		"udp6://[::1]:0":     "udp6://[::1]",
		"udp://:0":           "udp://[::]",
		"tcp4://127.0.0.9:0": "tcp4://127.0.0.9",
	} {
		t.Run(address, func(t *testing.T) {
			s := mustOpen(t, spec(address))
			is, err := AddressOf(s.Descriptor())
			if err != nil || is.Port == 0 || is.Port != s.Address().Port {
				t.Errorf("port %d, %v", is.Port, err)
			}
			if is.Port = 0; is.String() != want+":0" {
				t.Errorf("it is %s", is)
			}
			if st := state(t, s); st != (State{Backlog: -1, Queue: -1, Listening: true}) {
				t.Errorf("%+v", st)
			}
			if inherits(t, s.Descriptor().Handle()) {
				t.Error("every child gets it")
			}
			if len(s.Warnings()) > 0 {
				t.Error(s.Warnings())
			}
		})
	}
}

// TestOpenDualStack: one socket takes both families, unless it is for one.
func TestOpenDualStack(t *testing.T) {
	for _, tt := range []struct {
		sp        Spec
		four, six bool
	}{
		{spec("tcp://:0"), true, true},
		{spec("tcp://[::]:0"), true, true},
		{option1("tcp://:0", func(o *Options) { o.IPv6Only = ptr(true) }), false, true},
		{spec("tcp6://:0"), false, true},
		{spec("tcp4://:0"), true, false},
	} {
		s := mustOpen(t, tt.sp)
		for host, want := range map[string]bool{"127.0.0.1": tt.four, "::1": tt.six} {
			c, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(s.Address().Port)))
			if err == nil {
				c.Close()
			}
			if (err == nil) != want {
				t.Errorf("%s by %s: %v", tt.sp.Address, host, err)
			}
		}
	}
}

// TestOpenBacklogs: every form of listen()'s argument makes a socket that takes connections.
func TestOpenBacklogs(t *testing.T) {
	for _, backlog := range []int{0, 1, 199, 200, 4096, 65535, 65536} {
		sp := spec("tcp://127.0.0.1:0")
		sp.Backlog = backlog
		s := mustOpen(t, sp)
		dial(t, s)
		h, err := acceptOne(s.Descriptor())
		if err != nil {
			t.Errorf("%d: %v", backlog, err)
		}
		_ = windows.Closesocket(h)
		if cut := backlog > 65535; cut != (len(s.Warnings()) == 1) {
			t.Errorf("%d: %q", backlog, s.Warnings())
		}
	}
}

// TestProcOpenInUse: whoever has the port, the error is the same on every system.
func TestProcOpenInUse(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		ours := mustOpen(t, spec(network+"://127.0.0.1:0"))
		for _, address := range []string{ours.Address().String(), start(t, "hold "+network+"://127.0.0.1:0").line(t)} {
			_, err := Open(with(address, func(sp *Spec) { sp.Name = "second" }))
			if !errors.Is(err, syscall.EADDRINUSE) || !errors.Is(err, windows.WSAEADDRINUSE) {
				t.Errorf("%s: got %v", address, err)
				continue
			}
			if want := `cannot bind listener "second" to ` + address + ": the address is in use"; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %s\nwant %s ...", err, want)
			}
		}
	}
}

// TestProcHoldersNamed: the words say who has the port, and what to do; when that process ends the port is free.
func TestProcHoldersNamed(t *testing.T) {
	underWine(t, "the tables of iphlpapi do not tell the owner of a socket")
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	_, err := Open(spec(s.Address().String()))
	if want := "held by this process itself (another listener has it: give one of them another address)"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	c := start(t, "hold tcp://127.0.0.1:0")
	address := c.line(t)
	_, err = Open(spec(address))
	if want := fmt.Sprintf(".exe (pid %d) (stop that process, or choose another address)", c.Process.Pid); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestHolders: free ports, wildcards in the way, and addresses that have no port.
func TestHolders(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		s := mustOpen(t, spec(network+"://:0"))
		at := spec(fmt.Sprintf("%s4://127.0.0.1:%d", network, s.Address().Port)).Address
		if list, err := Holders(at); err != nil || len(list) != 1 || list[0].UID != -1 {
			t.Errorf("%s: %v, %v", network, list, err)
		}
		_ = s.Close()
		if list, err := Holders(at); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", network, list, err)
		}
	}
	if list, err := Holders(spec("unix://x").Address); err == nil {
		t.Error(list)
	}
}

func TestCommandOf(t *testing.T) {
	if got, want := commandOf(windows.GetCurrentProcessId()), filepath.Base(os.Args[0]); !strings.EqualFold(strings.TrimSuffix(got, ".exe"), strings.TrimSuffix(want, ".exe")) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := commandOf(0xfffffff0); got != "a process" {
		t.Errorf("got %q", got)
	}
}

// TestOpenExclusive: nobody can take connections beside us, also not with SO_REUSEADDR, by which Winsock lets a second socket have an
// address that is in use.
func TestOpenExclusive(t *testing.T) {
	for _, network := range []string{"tcp4", "udp4"} {
		s := mustOpen(t, spec(network+"://127.0.0.1:0"))
		for name, option := range map[string]int{"plain": 0, "SO_REUSEADDR": windows.SO_REUSEADDR} {
			if err := bindBeside(t, s, option); !errors.Is(err, windows.WSAEACCES) && !errors.Is(err, windows.WSAEADDRINUSE) {
				t.Errorf("%s, %s: %v", network, name, err)
			}
		}
	}
}

func bindBeside(t *testing.T, s *Socket, option int) error {
	t.Helper()
	h, err := windows.WSASocket(windows.AF_INET, int32(s.kind.typ), int32(s.kind.proto), nil, 0, socketFlags)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.Closesocket(h)
	if option != 0 {
		if err := windows.SetsockoptInt(h, windows.SOL_SOCKET, option, 1); err != nil {
			t.Fatal(err)
		}
	}
	return windows.Bind(h, &windows.SockaddrInet4{Port: int(s.Address().Port), Addr: [4]byte{127, 0, 0, 1}})
}

// TestOpenBesideOthers: exclusive use is asked for, so that we are refused where another has the address, even if he shares it.
func TestOpenBesideOthers(t *testing.T) {
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP, nil, 0, socketFlags)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.Closesocket(h)
	if err := windows.SetsockoptInt(h, windows.SOL_SOCKET, windows.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := windows.Bind(h, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := windows.Listen(h, 5); err != nil {
		t.Fatal(err)
	}
	a, err := addressOf(h, "tcp")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Open(spec(a.String())); !errors.Is(err, windows.WSAEACCES) && !errors.Is(err, windows.WSAEADDRINUSE) {
		t.Errorf("%v, %v", s, err)
	}
}

// TestOpenErrors: every kind of refusal, in words.
func TestOpenErrors(t *testing.T) {
	var list sentences
	for _, sp := range []Spec{
		spec("unix:///run/app.sock"), spec("unixgram:///run/app.sock"), spec("fifo:///run/app"),
		spec("vsock://2:80"), spec("tcp://192.0.2.1:8080"), spec("tcp://nonsense:80"), spec("tcp4://[::1]:80"), spec("tcp6://127.0.0.1:80"),
		spec("tcp://127.0.0.1:70000"), spec("tcp6://[fe80::1%nothing]:80"),
		option1("tcp4://127.0.0.1:0", func(o *Options) { o.IPv6Only = ptr(true) }),
		option1("tcp://127.0.0.1:0", func(o *Options) { o.ReusePort = ptr(true) }),
		option1("tcp://127.0.0.1:0", func(o *Options) { o.TOS = ptr(16) }),
		option1("tcp://127.0.0.1:0", func(o *Options) { o.Multipath = true }),
		option1("udp://127.0.0.1:0", func(o *Options) { o.NoDelay = ptr(true) }),
		option1("tcp://127.0.0.1:0", func(o *Options) { o.Broadcast = ptr(true) }),
		option1("tcp://127.0.0.1:0", func(o *Options) { o.TTL = ptr(100000) }),
	} {
		s, err := Open(sp)
		var failed *OpenError
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v, %v", sp.Address, s, err)
			continue
		}
		list.add(failed.Op+" "+sp.Address.String(), err.Error())
	}
	list.compare(t, "openwindows.txt")
}
