package registry

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadPID(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		pid  int
	}{
		"plain": {"1234", 1234}, "newline": {"1234\n", 1234}, "padded": {"      1234\n", 1234},
		"empty": {"", 0}, "word": {"nginx\n", 0}, "negative": {"-1\n", 0}, "zero": {"0\n", 0}, "long": {strings.Repeat(" ", 100) + "1", 0},
		"long, blank": {"1" + strings.Repeat(" ", 100), 0},
	} {
		file := filepath.Join(t.TempDir(), "x.pid")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if pid, err := readPID(t.Context(), file); pid != c.pid || (err == nil) != (c.pid > 0) {
			t.Errorf("%s: got %d, %v", name, pid, err)
		}
	}
	if _, err := readPID(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, errAbsent) {
		t.Errorf("no file: %v", err)
	}
}

// What lies at the path of a pid file can be anything. Each of these would be read for ever, or never.
func TestReadPIDOfNoFile(t *testing.T) {
	dir := t.TempDir()
	fifo, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.Symlink(fifo, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, link, dir, "/dev/zero", "/dev/null"} {
		pid, err := readPID(t.Context(), path)
		if want := `"` + filepath.Base(path) + `" is no regular file`; pid != 0 || err == nil || err.Error() != want {
			t.Errorf("%s: got %d, %v", path, pid, err)
		}
	}
}
