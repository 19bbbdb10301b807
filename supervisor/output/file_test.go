package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newFile(t *testing.T) *File {
	t.Helper()
	f, err := NewFile(filepath.Join(t.TempDir(), "app.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileAppends(t *testing.T) {
	f := newFile(t)
	must(t, f.Append("one\x1b[1m\x00"))
	must(t, f.Append(""))
	must(t, f.Append(strings.Repeat("x", MaxLine)))
	again, err := NewFile(f.Path())
	must(t, err)
	must(t, again.Append("two"))
	must(t, again.Close())
	must(t, f.Append("three"))
	want := "one\x1b[1m\x00\n\n" + strings.Repeat("x", MaxLine) + "\ntwo\nthree\n"
	if got := content(t, f.Path()); got != want {
		t.Errorf("got %.99q", got)
	}
	if cap(f.buf) > MaxLine/8 {
		t.Errorf("%d bytes are kept for one long line", cap(f.buf))
	}
}

func TestFileConcurrent(t *testing.T) {
	f := newFile(t)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for range 250 {
				_ = f.Append(fmt.Sprint("worker ", worker))
				if worker == 0 {
					_ = f.Reopen()
				}
			}
		})
	}
	group.Wait()
	lines := strings.Split(content(t, f.Path()), "\n")
	if len(lines) != 1001 {
		t.Errorf("%d lines", len(lines)-1)
	}
	for _, line := range lines[:1000] {
		if len(line) != len("worker 0") {
			t.Fatalf("line %q", line)
		}
	}
}

// What rotates logs renames the file while it is open, and then has it reopened.
func TestFileReopenAfterRename(t *testing.T) {
	f := newFile(t)
	must(t, f.Append("one"))
	old := f.Path() + ".1"
	must(t, os.Rename(f.Path(), old))
	must(t, f.Append("two"))
	must(t, f.Reopen())
	must(t, f.Append("three"))
	if got := content(t, old); got != "one\ntwo\n" {
		t.Errorf("the old file has %q", got)
	}
	if got := content(t, f.Path()); got != "three\n" {
		t.Errorf("the new file has %q", got)
	}
}

func TestFileErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]error{
		filepath.Join(dir, "none", "app.log"): os.ErrNotExist,
		filepath.Join(dir, "\x00"):            nil,
		dir:                                   nil,
	} {
		f, err := NewFile(path)
		if err == nil || f != nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("cannot open output file %q: ", path)) {
			t.Errorf("%q: got %v", path, err)
		}
		if want != nil && (!errors.Is(err, want) || !strings.HasSuffix(err.Error(), " (make its folder first)")) {
			t.Errorf("%q: got %v, want %v", path, err, want)
		}
	}
}

func TestFileClosed(t *testing.T) {
	f := newFile(t)
	must(t, f.Close())
	if err := f.Append("x"); err == nil {
		t.Error("a closed file takes lines")
	}
}
