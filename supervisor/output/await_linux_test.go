package output

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAwaitLine(t *testing.T) {
	for _, c := range []struct {
		name, before string
		pieces       []string
		want         error
		left         string
	}{
		{"at once", "\n", nil, nil, "\n"},
		{"with more", "ready\nand more", nil, nil, "ready\nand more"},
		{"later", "", []string{"\n"}, nil, "\n"},
		{"in pieces", "re", []string{"a", "dy", "!\n"}, nil, "!\n"},
		{"more than is looked at", "", []string{strings.Repeat("x", 2*glance+5) + "\n"}, nil, "xxxxx\n"},
		{"never", "", nil, io.ErrUnexpectedEOF, ""},
		{"never, with words", "ready", []string{" or not"}, io.ErrUnexpectedEOF, ""},
	} {
		r, w := rawPipe(t)
		write(t, w, c.before)
		other := duplicate(t, r)
		done := make(chan error)
		go func() { done <- AwaitLine(r) }()
		for _, piece := range c.pieces {
			write(t, w, piece)
		}
		_ = unix.Close(w)
		if err := <-done; err != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if c.want == nil {
			must(t, AwaitLine(other)) // the next manager sees it, too
		}
		left, err := io.ReadAll(other)
		if err != nil || !strings.HasSuffix(string(left), c.left) || len(left) > glance {
			t.Errorf("%s: %q is left, %v", c.name, left, err)
		}
	}
}

// More than the pipe holds in one blocking write, after something was there: nobody wakes a poller then.
func TestAwaitLineHearsAWriterInMidWrite(t *testing.T) {
	r, w := rawPipe(t)
	defer unix.Close(w)
	done := make(chan error)
	go func() { done <- AwaitLine(r) }()
	write(t, w, "words")
	write(t, w, strings.Repeat("x", 3*MaxLine)+"\n")
	must(t, <-done)
}

func TestAwaitLineClose(t *testing.T) {
	r, w := rawPipe(t)
	defer unix.Close(w)
	write(t, w, "no line")
	done := make(chan error)
	go func() { done <- AwaitLine(r) }()
	must(t, r.Close())
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := AwaitLine(r); !errors.Is(err, os.ErrClosed) {
		t.Errorf("later: %v", err)
	}
}

// Without a descriptor for a second pipe the newline is taken out: it is seen all the same.
func TestProcAwaitLineWithoutDescriptors(t *testing.T) {
	for text, want := range map[string]error{"so\n": nil, "so": io.ErrUnexpectedEOF} {
		r, w := rawPipe(t)
		write(t, w, text)
		_ = unix.Close(w)
		var old unix.Rlimit
		must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}))
		err := AwaitLine(r)
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
		if err != want {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestAwaitLineLeavesNoDescriptors(t *testing.T) {
	r, w := rawPipe(t)
	write(t, w, "a\n")
	before := openFiles(t)
	for range 20 {
		must(t, AwaitLine(r))
	}
	_ = unix.Close(w)
	if after := openFiles(t); after != before-1 {
		t.Errorf("%d descriptors before, %d after", before-1, after)
	}
}

// openFiles counts our descriptors. Tests that use it do not run in parallel.
func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
