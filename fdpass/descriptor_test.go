//go:build linux

package fdpass

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDescriptorCloseWaitsForUse(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = w.Use(func(fd int) error {
		if err := w.Close(); err != nil {
			return err
		}
		if err := w.Use(func(int) error { return nil }); err != os.ErrClosed {
			t.Errorf("Use after Close: %v", err)
		}
		_, err := unix.Write(fd, []byte("still open"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); string(b) != "still open" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	if err := w.Close(); err != os.ErrClosed {
		t.Errorf("second Close: %v", err)
	}
	if _, err := w.Dup(); err != os.ErrClosed {
		t.Errorf("Dup: %v", err)
	}
}

func TestDescriptorManyUsers(t *testing.T) {
	before := openDescriptors(t)
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var users sync.WaitGroup
	for range 50 {
		users.Go(func() {
			err := w.Use(func(fd int) error {
				_, err := unix.Write(fd, []byte("x"))
				return err
			})
			if err != nil && err != os.ErrClosed {
				t.Error(err)
			}
		})
	}
	w.Close()
	users.Wait()
	if _, err := io.ReadAll(r); err != nil {
		t.Error(err)
	}
	r.Close()
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestPipeCloseInterruptsRead(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	got := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 1))
		got <- err
	}()
	r.Close()
	if err := <-got; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if flags, err := unix.FcntlInt(uintptr(w.fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("the child's end has flags %x %v", flags, err)
	}
}

// FromFile and Dup leave O_NONBLOCK as it is; os.File.Fd and net's File would clear it for all holders.
func TestDuplicatesKeepNonblocking(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	dup, err := d.Dup()
	if err != nil {
		t.Fatal(err)
	}
	defer dup.Close()
	for _, x := range []*Descriptor{d, dup} {
		flags, err := unix.FcntlInt(uintptr(x.fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("flags %x %v", flags, err)
		}
		if flags, err := unix.FcntlInt(uintptr(x.fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("flags %x %v", flags, err)
		}
	}
	f.Close()
	if _, err := FromFile(f); err == nil {
		t.Error("duplicated a closed file")
	}
}

// A program may store a connection that is to wait for its peer when it is closed: not at our expense.
func TestCloseForeignDoesNotWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	reader, err := net.Dial("tcp", l.Addr().String()) // it does not read
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	f, err := conn.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 1<<16))
	}
	d, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()    // not the last one, so it does not wait
	conn.Close() // likewise
	d.CloseForeign()
}

func TestDescriptorOfNothing(t *testing.T) {
	d := &Descriptor{fd: 1 << 20}
	if _, err := d.Dup(); !errors.Is(err, unix.EBADF) {
		t.Errorf("got %v", err)
	}
	if err := d.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("got %v", err)
	}
}

func TestAddressString(t *testing.T) {
	for want, a := range map[string]Address{
		"tcp://[::]:80":          {Network: "tcp", Port: 80},
		"tcp4://0.0.0.0:80":      {Network: "tcp4", Port: 80},
		"udp6://[::]:80":         {Network: "udp6", Port: 80},
		"tcp://[fe80::1%eth0]:1": {Network: "tcp", Host: "fe80::1%eth0", Port: 1},
		"unix:///run/a":          {Network: "unix", Path: "/run/a"},
		"unixgram://@a":          {Network: "unixgram", Path: "@a"},
		"fifo:///run/f":          {Network: "fifo", Path: "/run/f"},
		"vsock://3:5000":         {Network: "vsock", Host: "3", Port: 5000},
		"vsock://:4294967295":    {Network: "vsock", Port: 1<<32 - 1},
	} {
		if a.String() != want {
			t.Errorf("%q, expected %q", a, want)
		}
	}
}
