package output

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// supervise's stdout is a pipe whose reader has left: it goes on.
func TestProcSurvivesItsStdout(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asSupervisor+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stdout = w
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	_, _ = w.Close(), r.Close()
	must(t, in.Close())
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(said.String(), "alive: write /dev/stdout: ") || strings.Contains(said.String(), "gone: false") {
		t.Errorf("%v: %q", err, said.String())
	}
}

// asWorker makes the test binary a worker that prints so many lines.
const asWorker = "OUTPUT_TEST_WORKER"

// toWorker is what writes to a worker's pipe.
func toWorker(t *testing.T, w *fdpass.Descriptor) *os.File {
	t.Helper()
	dup, err := w.Dup()
	must(t, err)
	var f *os.File
	must(t, dup.Use(func(fd int) error {
		f = os.NewFile(uintptr(fd), "pipe")
		return nil
	}))
	return f // dup is its now
}

// The pipe of a real worker, to its end.
func TestProcWorkersPipe(t *testing.T) {
	r, w, err := fdpass.Pipe()
	must(t, err)
	defer r.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asWorker+"=20000")
	out := toWorker(t, w)
	cmd.Stdout = out
	must(t, errors.Join(cmd.Start(), out.Close(), w.Close()))
	n := 0
	must(t, ScanPipe(r, nil, func(text string) {
		if text != numbered(n) {
			t.Errorf("line %d is %.99q", n, text)
		}
		n++
	}))
	if err := cmd.Wait(); err != nil || n != 20000 {
		t.Errorf("%d lines, %v", n, err)
	}
}

// Closing the pipe ends a reader that waits.
func TestProcClosedPipe(t *testing.T) {
	r, w, err := fdpass.Pipe()
	must(t, err)
	defer w.Close()
	ended := make(chan error)
	go func() { ended <- ScanPipe(r, nil, func(string) {}) }()
	must(t, r.Close())
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
