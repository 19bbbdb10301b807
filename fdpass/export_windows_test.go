package fdpass

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// TestProcExport: a process that runs already gets a duplicate, and accepts from the same queue.
func TestProcExport(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	c := start(t, "import")
	info, err := Export(s.Descriptor(), c.Process.Pid)
	if err != nil || len(info) != ExportSize {
		t.Fatalf("%d bytes, %v", len(info), err)
	}
	if _, err := fmt.Fprintln(c.in, hex.EncodeToString(info)); err != nil {
		t.Fatal(err)
	}
	if got, want := c.line(t), "tcp4"+s.Address().String()[3:]; got != want {
		t.Errorf("the child has %s, not %s", got, want)
	}
	if got := served(t, s); got != strconv.Itoa(c.Process.Pid) {
		t.Errorf("answered by %s", got)
	}
}

// TestProcInherit: the value of the handle is the same in the child.
func TestProcInherit(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	h := s.Descriptor().Handle()
	if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
		t.Fatal(err)
	}
	c := start(t, fmt.Sprint("handle ", h), syscall.Handle(h))
	if got, want := c.line(t), "tcp4"+s.Address().String()[3:]; got != want {
		t.Errorf("the child has %s, not %s", got, want)
	}
	if got := served(t, s); got != strconv.Itoa(c.Process.Pid) {
		t.Errorf("answered by %s", got)
	}
}

// TestExportSize: what x/sys has of the structure is what is sent.
func TestExportSize(t *testing.T) {
	if n := len(infoBytes(&windows.WSAProtocolInfo{})); n != ExportSize {
		t.Errorf("%d bytes", n)
	}
}

// TestExportErrors: each failure says what was tried and why.
func TestExportErrors(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	closed := mustDuplicate(t, s)
	_ = closed.Close()
	for name, tt := range map[string]struct {
		d   *Descriptor
		pid int
	}{
		"a pipe":       {w, os.Getpid()},
		"no process":   {s.Descriptor(), 0x7ffffff0},
		"a closed one": {closed, os.Getpid()},
	} {
		b, err := Export(tt.d, tt.pid)
		if err == nil || len(b) != 0 || !strings.HasPrefix(err.Error(), fmt.Sprintf("cannot make a duplicate of a socket for process %d: ", tt.pid)) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}

func TestImportErrors(t *testing.T) {
	for name, info := range map[string][]byte{
		"nothing": {}, "short": make([]byte, ExportSize-1), "long": make([]byte, ExportSize+1),
		"zeros": make([]byte, ExportSize), "ones": bytes.Repeat([]byte{255}, ExportSize),
	} {
		d, err := Import(info)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot open the duplicate of a socket: ") {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

// TestImportHere: a process can hand a socket to itself; both are one listener, UDP too.
func TestImportHere(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp6://[::1]:0", "udp://127.0.0.1:0", "tcp://:0"} {
		s := mustOpen(t, spec(address))
		info, err := Export(s.Descriptor(), os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		d, err := Import(info)
		if err != nil {
			t.Fatal(err)
		}
		is, err := AddressOf(d)
		if err != nil || is.Host != s.Address().Host || is.Port != s.Address().Port || inherits(t, d.Handle()) {
			t.Errorf("%s is %s, %v", s.Address(), is, err)
		}
		if err := d.Close(); err != nil || !state(t, s).Listening {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestImportReceives: datagrams reach whoever asks first.
func TestImportReceives(t *testing.T) {
	s := mustOpen(t, spec("udp://127.0.0.1:0"))
	d := mustDuplicate(t, s)
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_DGRAM, windows.IPPROTO_UDP, nil, 0, socketFlags)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.Closesocket(h)
	text := []byte("hello")
	var sent uint32
	to := &windows.SockaddrInet4{Port: int(s.Address().Port), Addr: [4]byte{127, 0, 0, 1}}
	if err := windows.WSASendto(h, &windows.WSABuf{Len: 5, Buf: &text[0]}, 1, &sent, 0, to, nil, nil); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 16)
	var n, flags uint32
	err = d.Use(func(fd int) error {
		return windows.WSARecv(windows.Handle(fd), &windows.WSABuf{Len: 16, Buf: &got[0]}, 1, &n, &flags, nil, nil)
	})
	if err != nil || string(got[:n]) != "hello" {
		t.Errorf("%q, %v", got[:n], err)
	}
}

func handles(t *testing.T) (n uint32) {
	t.Helper()
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount").Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n)))
	if ok == 0 {
		t.Fatal(err)
	}
	return n
}

// TestNoHandleLeaks: what is made, fails or is handed over leaves nothing behind.
func TestNoHandleLeaks(t *testing.T) {
	busy := mustOpen(t, spec("tcp://127.0.0.1:0"))
	once := func(fails bool) {
		s, err := Open(spec("tcp://127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := Export(s.Descriptor(), os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		d, err := Import(info)
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := Pipe()
		if err != nil {
			t.Fatal(err)
		}
		dup, err := w.Dup()
		if err != nil {
			t.Fatal(err)
		}
		if fails {
			if _, err := Open(spec(busy.Address().String())); !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.Close(), d.Close(), r.Close(), w.Close(), dup.Close()); err != nil {
			t.Fatal(err)
		}
	}
	once(true) // what is loaded and kept for good
	before := handles(t)
	for i := range 100 {
		once(i%20 == 0)
	}
	if after := handles(t); after > before+20 {
		t.Errorf("%d handles, then %d", before, after)
	}
}

// TestListener: for a socket that this process alone accepts from.
func TestListener(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	l, err := s.Listener()
	if err != nil {
		t.Fatal(err)
	}
	if l.Addr().(*net.TCPAddr).Port != int(s.Address().Port) {
		t.Errorf("at %s", l.Addr())
	}
	dial(t, s)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Close(), l.Close()); err != nil || !state(t, s).Listening {
		t.Error(err)
	}
}
