package output

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// rawPipe is a pipe as fdpass.Pipe makes it: its read end is in the poller, and a write blocks, in mid-write, too. The test closes r,
// and w unless the caller does.
func rawPipe(t testing.TB) (r *os.File, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(p[0], true); err != nil {
		t.Fatal(err)
	}
	r = os.NewFile(uintptr(p[0]), "pipe")
	t.Cleanup(func() { _ = r.Close() })
	return r, p[1]
}

func memory(t testing.TB) *os.File {
	t.Helper()
	f, err := fdpass.NewMemory("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func write(t testing.TB, w int, text string) {
	t.Helper()
	if n, err := unix.Write(w, []byte(text)); n != len(text) || err != nil {
		t.Fatalf("%d of %d bytes written, %v", n, len(text), err)
	}
}
