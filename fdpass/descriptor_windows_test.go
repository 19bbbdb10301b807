package fdpass

import (
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

// TestPipe: what is written arrives, and closing the writing end is the end.
func TestPipe(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := ToFile(w, "w")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != "hello" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestPipeInterrupted: the reading end waits in the poller, so that Close ends a Read.
func TestPipeInterrupted(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ended, started := make(chan error), make(chan struct{})
	go func() {
		close(started)
		_, err := r.Read(make([]byte, 1))
		ended <- err
	}()
	<-started
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read said %v", err)
	}
}

// TestPipeNoReader: a writer is told when the reading end is gone.
func TestPipeNoReader(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f, err := ToFile(w, "w")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_ = r.Close()
	if n, err := f.WriteString("x"); err == nil {
		t.Errorf("%d bytes written to nobody", n)
	}
}

// TestDup: duplicates of sockets and of other handles live on by themselves, and no child inherits them.
func TestDup(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	for name, d := range map[string]*Descriptor{"socket": s.Descriptor(), "pipe": w} {
		dup, err := d.Dup()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if inherits(t, dup.Handle()) || dup.Handle() == d.Handle() || dup.Handle() == 0 {
			t.Errorf("%s: handle %d of %d is inherited, or the same", name, dup.Handle(), d.Handle())
		}
		if err := dup.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := dup.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: closed twice: %v", name, err)
		}
	}
	if st := state(t, s); !st.Listening {
		t.Error("the socket ended with its duplicate")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if n, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d bytes, %v: something holds the writing end", n, err)
	}
	if d := NewDescriptor(0x7ffffff0); d.Close() == nil {
		t.Error("what is not open was closed")
	}
}

// TestNewDescriptor: what came by inheritance is not passed on.
func TestNewDescriptor(t *testing.T) {
	_, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	h := windows.Handle(w.Handle())
	if err := windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
		t.Fatal(err)
	}
	d := NewDescriptor(int(h))
	defer d.Close()
	if inherits(t, d.Handle()) {
		t.Error("it is passed on")
	}
}

func TestSetNonblocking(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	if err := s.SetNonblocking(true); err != nil {
		t.Fatal(err)
	}
	if h, err := acceptOne(s.Descriptor()); !errors.Is(err, windows.WSAEWOULDBLOCK) {
		t.Errorf("handle %d, %v", h, err)
	}
	if err := s.SetNonblocking(false); err != nil {
		t.Fatal(err)
	}
}
