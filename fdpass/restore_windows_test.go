package fdpass

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// restoreCases: what a descriptor is, and what it should be.
var restoreCases = []struct{ is, wanted, says string }{
	{"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", ""},
	{"tcp://127.0.0.1:0", "tcp4://127.0.0.1:0", ""},
	{"tcp://:0", "tcp://:0", ""},
	{"udp://127.0.0.1:0", "udp://127.0.0.1:0", ""},
	{"tcp://127.0.0.1:0", "tcp://127.0.0.1:1", "it is bound to tcp://127.0.0.1:"},
	{"tcp://127.0.0.1:0", "tcp://127.0.0.2:0", "it is bound to tcp://127.0.0.1:"},
	{"tcp://127.0.0.1:0", "tcp://[::1]:0", "it is an IPv4 stream socket, expected was an IPv6 stream socket"},
	{"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "it is an IPv4 datagram socket, expected was an IPv4 stream socket"},
	{"tcp6://:0", "tcp://:0", "it has ipv6_only = true"},
	{"tcp://:0", "tcp6://:0", "it has ipv6_only = false"},
	{"tcp://127.0.0.1:0", "unix:///run/x", "unix listeners are not supported on windows"},
}

func TestRestore(t *testing.T) {
	for _, tt := range restoreCases {
		first := mustOpen(t, spec(tt.is))
		d := mustDuplicate(t, first)
		s, err := Restore(spec(tt.wanted), d)
		if tt.says != "" {
			if err == nil || !strings.Contains(err.Error(), "cannot take over the descriptor given") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s as %s: %v", tt.is, tt.wanted, err)
			}
			if d.Close() != os.ErrClosed {
				t.Errorf("%s as %s: left open", tt.is, tt.wanted)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s as %s: %v", tt.is, tt.wanted, err)
			continue
		}
		if s.Address().Port != first.Address().Port || Match([]Named{{"other", s.Descriptor()}}, spec(s.Address().String())) != 0 {
			t.Errorf("%s as %s: at %s", tt.is, tt.wanted, s.Address())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRestoreNoListener: what is no socket, or does not listen, is not taken.
func TestRestoreNoListener(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Wine says WSAEOPNOTSUPP when the handle has the value of a socket that was closed as a file.
	if s, err := Restore(spec("tcp://127.0.0.1:0"), w); !errors.Is(err, syscall.ENOTSOCK) && !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("%v, %v", s, err)
	}
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP, nil, 0, socketFlags)
	if err == nil {
		err = windows.Bind(h, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Restore(spec("tcp://127.0.0.1:0"), NewDescriptor(int(h))); err == nil || !strings.Contains(err.Error(), "it is not listening") {
		t.Errorf("%v, %v", s, err)
	}
}

// TestRecover: with its identity a socket goes on in a later life.
func TestRecover(t *testing.T) {
	sp := with("tcp://127.0.0.1:0", func(sp *Spec) { sp.Backlog = 300 })
	first := mustOpen(t, sp)
	s, err := Recover(first.Identity(), mustDuplicate(t, first))
	if err != nil || s.Address() != first.Address() || s.Spec() != sp {
		t.Fatalf("%+v, %v", s, err)
	}
	defer s.Close()
	other := mustOpen(t, sp)
	if s, err := Recover(first.Identity(), mustDuplicate(t, other)); err == nil || !strings.Contains(err.Error(), "open the listener anew") {
		t.Errorf("%v, %v", s, err)
	}
}
