package keeper

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// TestMain makes the test binary its own worker: "worker NAME ARGUMENT...".
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "worker" {
		act(os.Args[2], os.Args[3:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// bench is a keeper under test.
type bench struct {
	*Local
	t testing.TB
}

// newBench makes a keeper. At the end of the test all its workers are killed and forgotten.
func newBench(t testing.TB) bench {
	t.Helper()
	l, err := NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{l, t}
	t.Cleanup(b.clear)
	return b
}

func (b bench) clear() {
	i, err := b.Inventory()
	if errors.Is(err, os.ErrClosed) {
		return
	}
	b.must(err)
	i.Close()
	for _, p := range i.Workers {
		b.must(b.Kill(p.ID))
		b.finish(p.ID)
	}
	b.must(b.Close())
}

func (b bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// helper is a worker that does one of what act knows.
func helper(t testing.TB, name string, args ...string) Spawn {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Spawn{Label: "test", Plan: stage.Plan{Command: append([]string{self, "worker", name}, args...), Env: os.Environ()}}
}

// running is a worker with its output. The pipe ends when the last process that has it is gone.
type running struct {
	Process
	out *bufio.Reader
}

// run starts a worker with stdout in a pipe.
func (b bench) run(s Spawn) running {
	b.t.Helper()
	r, w := b.pipe()
	s.Files = append(s.Files, File{Number: 1, Descriptor: w})
	p, err := b.Spawn(s)
	b.must(errors.Join(err, w.Close()))
	return running{p, bufio.NewReader(r)}
}

// pipe is one whose reading end is closed with the test.
func (b bench) pipe() (*os.File, *fdpass.Descriptor) {
	b.t.Helper()
	r, w, err := fdpass.Pipe()
	b.must(err)
	b.t.Cleanup(func() { r.Close() })
	return r, w
}

// stdin is a pipe for a worker to read from, and what writes to it; the caller owns both.
func (b bench) stdin() (*fdpass.Descriptor, *os.File) {
	b.t.Helper()
	r, w, err := os.Pipe()
	b.must(err)
	self := windows.CurrentProcess()
	var h windows.Handle
	b.must(windows.DuplicateHandle(self, windows.Handle(r.Fd()), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS))
	b.must(r.Close())
	return fdpass.NewDescriptor(int(h)), w
}

// line reads one line of output.
func (r running) line(t testing.TB) string {
	t.Helper()
	text, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("output ended with %q: %v", text, err)
	}
	return strings.TrimRight(text, "\r\n")
}

// rest reads output until every process that could write it is gone.
func (r running) rest(t testing.TB) string {
	t.Helper()
	b, err := io.ReadAll(r.out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func (b bench) wait(id ID) Exit {
	b.t.Helper()
	exit, err := b.Wait(id)
	b.must(err)
	return exit
}

// finish waits for a worker, forgets it and returns its exit.
func (b bench) finish(id ID) Exit {
	b.t.Helper()
	exit := b.wait(id)
	b.must(b.Forget(id))
	return exit
}

// underWine skips a test that Wine, but not Windows, cannot run.
func underWine(t testing.TB, why string) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("under Wine: " + why)
	}
}
