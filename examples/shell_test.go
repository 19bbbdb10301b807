//go:build linux

package examples_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestProcShell replaces the shell worker while jobs wait in its fifo: none is lost, none is done twice.
func TestProcShell(t *testing.T) {
	command := []string{require(t, "sh", "dash"), absolute(t, "shell", "worker.sh")}
	fifo := openFIFO(t)
	for generation := 1; generation <= 3; generation++ {
		write(t, fifo, "waits while nobody is there\n")
		ready, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, command, generation, fifo, w)
		w.Close()
		if text, err := io.ReadAll(ready); err != nil || string(text) != "\n" {
			t.Fatalf("readiness %q, %v; want a newline and the end", text, err)
		}
		ready.Close()
		if got := p.line(); !strings.HasPrefix(got, "generation ") || !strings.HasSuffix(got, " waits for jobs") {
			t.Errorf("first line %q", got)
		}
		write(t, fifo, "second \\job\n")
		for _, want := range []string{"done: waits while nobody is there", "done: second \\job"} {
			if got := p.line(); got != want {
				t.Errorf("line %q, want %q", got, want)
			}
		}
		p.stopWithJobs(fifo)
	}
}

// stopWithJobs stops a worker by a signal that arrives before a job: whether it takes that job or leaves it to the
// next worker is its choice, but it is done once.
func (p *process) stopWithJobs(fifo *os.File) {
	p.t.Helper()
	p.terminate()
	write(p.t, fifo, "last\n")
	if slices.Contains(p.await(), "done: last") {
		return
	}
	left := make([]byte, 64)
	n, err := fifo.Read(left)
	if got := string(left[:n]); err != nil || got != "last\n" {
		p.t.Errorf("left in the fifo: %q, %v; want the job that was not done", got, err)
	}
}

// openFIFO opens a fifo as supervise does: for both directions, so that it outlives its writers and readers.
func openFIFO(t *testing.T) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jobs.fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t *testing.T, f *os.File, text string) {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
