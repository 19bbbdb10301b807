package fdpass

import (
	"errors"
	"os"
	"path/filepath"
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

// TestLooksSame is about what there is where kcmp(2) is forbidden, as in many containers: what cannot be told apart is not the same.
func TestLooksSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file := func() (int, error) { return unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600) }
	memory := func() (int, error) { return unix.MemfdCreate("memory", unix.MFD_CLOEXEC) }
	eventfd := func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) }
	timerfd := func() (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) }
	socket := func() (int, error) { return unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) }
	pipe := func() (int, error) {
		var ends [2]int
		err := unix.Pipe2(ends[:], unix.O_CLOEXEC)
		unix.Close(ends[1])
		return ends[0], err
	}
	for name, tt := range map[string]struct {
		open    func() (int, error)
		dup     bool // whether a duplicate is recognised
		hangsUp bool
	}{
		"file": {open: file}, "eventfd": {open: eventfd}, "timerfd": {open: timerfd},
		"socket": {open: socket, dup: true, hangsUp: true}, "pipe": {open: pipe, dup: true, hangsUp: true}, "memory": {open: memory, dup: true},
	} {
		t.Run(name, func(t *testing.T) {
			var fds [2]int
			for i := range fds {
				fd, err := tt.open()
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(fd)
				fds[i] = fd
			}
			dup, err := duplicate(fds[0])
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(dup)
			if got := looksSame(fds[0], dup); got != tt.dup {
				t.Errorf("a duplicate looks the same: %t", got)
			}
			if looksSame(fds[0], fds[1]) {
				t.Error("another one looks the same")
			}
			if got := isSocketFD(fds[0]) || isPipeFD(fds[0]); got != tt.hangsUp {
				t.Errorf("it is watched: %t", got)
			}
		})
	}
}
