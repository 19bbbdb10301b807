//go:build linux

package fdpass

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNewMemory(t *testing.T) {
	f, err := NewMemory("test")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if at, err := f.Seek(0, io.SeekCurrent); at != 0 || err != nil || f.Name() != "test" {
		t.Errorf("%q at %d, %v", f.Name(), at, err)
	}
	if target, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd()))); !strings.Contains(target, "test") || err != nil {
		t.Errorf("it is %q for others, %v", target, err)
	}
	c, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = c.Control(func(fd uintptr) {
		if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); flags != unix.FD_CLOEXEC || err != nil {
			t.Errorf("descriptor flags %#x, %v", flags, err)
		}
		if _, err := unix.FcntlInt(fd, unix.F_ADD_SEALS, unix.F_SEAL_WRITE); err != nil {
			t.Errorf("it cannot be sealed: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err == nil {
		t.Error("a sealed file was written")
	}
	if _, err := NewMemory(strings.Repeat("x", 300)); err == nil || !strings.HasPrefix(err.Error(), "cannot make memory file ") {
		t.Errorf("got %v", err)
	}
}
