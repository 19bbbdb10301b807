//go:build linux || windows

package fdpass

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestClosedSocket: after Close, or Abandon, everything says so.
func TestClosedSocket(t *testing.T) {
	for name, end := range map[string]func(*Socket) error{"Close": (*Socket).Close, "Abandon": (*Socket).Abandon} {
		s := mustOpen(t, spec("tcp://127.83.0.1:0")) // clients of others come from another address, and do not take the port meanwhile
		address := s.Address()
		if err := end(s); err != nil {
			t.Fatal(err)
		}
		_, atState := s.State()
		_, atDup := s.Descriptor().Dup()
		for op, err := range map[string]error{
			"Close": s.Close(), "Abandon": s.Abandon(), "State": atState, "Dup": atDup, "SetNonblocking": s.SetNonblocking(true),
			"Relisten": s.Relisten(), "Reconfigure": s.Reconfigure(s.Spec()),
		} {
			if !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s after %s: %v", op, name, err)
			}
		}
		if s.Address() != address || s.Name() != "web" {
			t.Errorf("after %s it is %q at %s", name, s.Name(), s.Address())
		}
		mustOpen(t, spec(address.String())) // the port is free
	}
}

// TestCloseWaitsForUse: a number that is in use stays open until its user is done, and nobody new gets it.
func TestCloseWaitsForUse(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	d := mustDuplicate(t, s)
	err := d.Use(func(fd int) error {
		if err := d.Close(); err != nil {
			return err
		}
		if err := d.Use(func(int) error { return nil }); !errors.Is(err, os.ErrClosed) {
			t.Errorf("used after Close: %v", err)
		}
		_, err := readState(fd, s.Address())
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := d.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// TestDuplicatesAreOne: what listens goes on while any descriptor of it is open.
func TestDuplicatesAreOne(t *testing.T) {
	s := mustOpen(t, spec("tcp://127.0.0.1:0"))
	d := mustDuplicate(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(spec(s.Address().String()), d)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	dial(t, again)
	d.CloseForeign()
	if err := d.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("CloseForeign left it open: %v", err)
	}
}

func mustDuplicate(t *testing.T, s *Socket) *Descriptor {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestFileAndBack: a file keeps its position when it goes through a Descriptor.
func TestFileAndBack(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	d, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := ToFile(d, "again")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.WriteString(", world"); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(again); string(got) != "hello, world" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := FromFile(f); err == nil {
		t.Error("a closed file has a descriptor")
	}
}

// TestAddressOfNoSocket: what is no socket has no address.
func TestAddressOfNoSocket(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if a, err := AddressOf(w); err == nil {
		t.Errorf("it is %s", a)
	}
}
