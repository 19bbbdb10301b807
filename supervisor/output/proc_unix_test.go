//go:build unix

package output

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFileMode(t *testing.T) {
	for mask, want := range map[int]os.FileMode{0: 0o640, 0o022: 0o640, 0o077: 0o600} {
		old := syscall.Umask(mask)
		f := newFile(t)
		syscall.Umask(old)
		st, err := os.Stat(f.Path())
		if err != nil || st.Mode() != want {
			t.Errorf("umask %#o: %v, %v", mask, st.Mode(), err)
		}
	}
}

func TestFileReopenFails(t *testing.T) {
	f := newFile(t)
	must(t, os.Remove(f.Path()))
	must(t, os.Mkdir(f.Path(), 0o700))
	if err := f.Reopen(); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("got %v", err)
	}
	must(t, f.Append("into the one it has"))
}

// Opening a fifo that nobody reads must not hang.
func TestFileFifo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(path, 0o600))
	if _, err := NewFile(path); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("got %v", err)
	}
	r, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer r.Close()
	f, err := NewFile(path)
	must(t, err)
	defer f.Close()
	must(t, f.Append("x"))
	b := make([]byte, 2)
	if _, err := r.Read(b); err != nil || string(b) != "x\n" {
		t.Errorf("got %q, %v", b, err)
	}
}

// swap puts another open file in the place of the one f has.
func swap(t *testing.T, f *File, path string) {
	t.Helper()
	other, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	must(t, err)
	f.mu.Lock()
	_ = f.file.Close()
	f.file = other
	f.mu.Unlock()
}

// /dev/full says ENOSPC to every write.
func TestFileReportsASeriesOfErrorsOnce(t *testing.T) {
	f := newFile(t)
	for range 2 {
		swap(t, f, "/dev/full")
		err := f.Append("lost")
		want := `: no space left on device (lines are lost until it works again)`
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		for range 9 {
			must(t, f.Append("lost without a word"))
		}
		must(t, f.Reopen())
		must(t, f.Append("works"))
	}
	want := strings.Repeat("(10 lines lost: no space left on device)\nworks\n", 2)
	if got := content(t, f.Path()); got != want {
		t.Errorf("got %q", got)
	}
}

// A disk that fills up takes the beginning of a line; RLIMIT_FSIZE does the same.
func TestProcFileDoesNotGlueLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var old syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	f, err := NewFile(path)
	must(t, err)
	defer f.Close()
	limit := old
	limit.Cur = 8
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	first, second := f.Append("12345678901234567890"), f.Append("lost")
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))
	if !errors.Is(first, syscall.EFBIG) || second != nil {
		t.Errorf("got %v, %v", first, second)
	}
	must(t, f.Append("whole"))
	if got, want := content(t, path), "12345678\n(2 lines lost: file too large)\nwhole\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
