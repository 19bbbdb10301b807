package fdpass

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func endToEnd(t *testing.T) (a, b *Descriptor) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b = NewDescriptor(ends[0]), NewDescriptor(ends[1])
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func watch(t *testing.T) *HangUps {
	t.Helper()
	h, err := NewHangUps()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHangUps(t *testing.T) {
	h := watch(t)
	mine, other := endToEnd(t)
	kept, keptOther := endToEnd(t)
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for key, d := range map[uint32]*Descriptor{1: mine, 2: kept, 3: plain} {
		if err := h.Add(d, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := keptOther.Use(func(fd int) error { _, err := unix.Write(fd, []byte("not a hang-up")); return err }); err != nil {
		t.Fatal(err)
	}
	other.Close()
	if key, err := h.Next(); key != 1 || err != nil {
		t.Errorf("got %d, %v", key, err)
	}
	h.Remove(mine)
	h.Remove(plain)
	keptOther.Close() // if the first were told of twice it would come before this
	if key, err := h.Next(); key != 2 || err != nil {
		t.Errorf("got %d, %v", key, err)
	}
}

func TestHangUpsClose(t *testing.T) {
	h := watch(t)
	done := make(chan error)
	go func() {
		_, err := h.Next()
		done <- err
	}()
	h.Close()
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	mine, _ := endToEnd(t)
	if err := h.Add(mine, 1); err == nil {
		t.Error("a closed one watches")
	}
	mine.Close()
	if err := watch(t).Add(mine, 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed descriptor: %v", err)
	}
}

func TestSameDescription(t *testing.T) {
	a, b := endToEnd(t)
	dup, err := a.Dup()
	if err != nil {
		t.Fatal(err)
	}
	defer dup.Close()
	if !SameDescription(a, dup) || SameDescription(a, b) {
		t.Error("a duplicate is another one, or another one is a duplicate")
	}
	_ = a.Use(func(first int) error {
		return dup.Use(func(second int) error {
			if !looksSame(first, second) {
				t.Error("without kcmp: a duplicate is another one")
			}
			return nil
		})
	})
	_ = a.Use(func(first int) error {
		return b.Use(func(second int) error {
			if looksSame(first, second) {
				t.Error("without kcmp: another one is a duplicate")
			}
			return nil
		})
	})
	b.Close()
	if SameDescription(a, b) {
		t.Error("a closed one is the same")
	}
}
