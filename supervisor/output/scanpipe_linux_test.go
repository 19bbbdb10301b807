package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// gather runs ScanPipe to the end of the pipe.
func gather(t testing.TB, r, rest *os.File) []string {
	t.Helper()
	var got []string
	if err := ScanPipe(r, rest, func(s string) { got = append(got, s) }); err != nil {
		t.Error(err)
	}
	return got
}

// feed writes in to w in pieces of so many bytes and closes w.
func feed(w int, in string, piece int) {
	defer unix.Close(w)
	for in != "" {
		n, err := unix.Write(w, []byte(in[:min(piece, len(in))]))
		if err != nil {
			return
		}
		in = in[n:]
	}
}

func atRest(t *testing.T, rest *os.File, want string) {
	t.Helper()
	s, err := openSpool(rest)
	must(t, err)
	got := make([]byte, s.end-s.begin)
	if _, err := rest.ReadAt(got, s.begin); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("at rest are %d bytes %.60q, want %d %.60q", len(got), got, len(want), want)
	}
}

func TestScanPipe(t *testing.T) {
	for _, c := range scanCases() {
		for _, piece := range []int{1, 3, 1000, 1 << 20} {
			if len(c.in)/piece > 5000 {
				continue // takes its time and shows nothing new
			}
			r, w := rawPipe(t)
			rest := memory(t)
			go feed(w, c.in, piece)
			if got := gather(t, r, rest); !slices.Equal(got, c.want) {
				t.Errorf("%s by %d: got %d lines %.60q, want %d %.60q", c.name, piece, len(got), got, len(c.want), c.want)
			}
			atRest(t, rest, "")
		}
	}
}

// With nowhere to rest, ScanPipe is Scan.
func TestScanPipeWithoutRest(t *testing.T) {
	r, w := rawPipe(t)
	go feed(w, "a\nb", 1)
	if got := gather(t, r, nil); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}

// background runs ScanPipe, whose lines come over the channel.
func background(r, rest *os.File) (lines chan string, done chan error) {
	lines, done = make(chan string), make(chan error, 1)
	go func() {
		done <- ScanPipe(r, rest, func(s string) { lines <- s })
		close(lines)
	}()
	return lines, done
}

// A blocking write that finds something in the pipe, and more than it takes, wakes no poller until it is complete.
func TestScanPipeHearsAWriterInMidWrite(t *testing.T) {
	r, w := rawPipe(t)
	lines, done := background(r, memory(t))
	for range 20 {
		write(t, w, "whole\nbegun")
		if got := <-lines; got != "whole" {
			t.Fatalf("got %.60q", got)
		}
		go func() { _, _ = unix.Write(w, []byte(strings.Repeat("x", 3*MaxLine)+"\n")) }()
		for left := 3*MaxLine + len("begun"); left > 0; {
			left -= len(<-lines)
		}
	}
	_ = unix.Close(w)
	if got, more := <-lines; more {
		t.Errorf("got %.60q after the end", got)
	}
	must(t, <-done)
}

func TestScanPipeClose(t *testing.T) {
	r, w := rawPipe(t)
	rest := memory(t)
	other := duplicate(t, r)
	lines, done := background(r, rest)
	write(t, w, "one\ntw")
	<-lines
	must(t, r.Close())
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	atRest(t, rest, "tw")
	go feed(w, "o\nthree", 1)
	if got := gather(t, other, rest); !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("the next one got %q", got)
	}
}

// duplicate is what the keeper holds: another descriptor of the same pipe.
func duplicate(t testing.TB, f *os.File) *os.File {
	t.Helper()
	c, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if e := c.Control(func(fd uintptr) { n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	dup := os.NewFile(uintptr(n), f.Name())
	t.Cleanup(func() { _ = dup.Close() })
	return dup
}

// A reader that ends within emit, as one that is killed there: the line is not done. TestProcKilledReader does it for real.
func TestScanPipeTwice(t *testing.T) {
	var in bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&in, "%d %s\n", i, strings.Repeat("x", rand.IntN(200)))
	}
	want := strings.Split(strings.TrimSuffix(in.String(), "\n"), "\n")
	r, w := rawPipe(t)
	rest := memory(t)
	go feed(w, in.String(), 700)
	next, again := 0, 0
	for next < len(want) {
		got, err := scanUntil(r, rest, 1+rand.IntN(400))
		must(t, err)
		first := slices.Index(want, got[0])
		if first < 0 || first > next || !slices.Equal(got, want[first:min(first+len(got), len(want))]) {
			t.Fatalf("line %d comes after line %d", first, next)
		}
		if twice := len(strings.Join(want[first:next], "\n")); twice > smallBuffer {
			t.Errorf("%d bytes came twice", twice)
		}
		again += next - first
		next = max(next, first+len(got))
	}
	if again == 0 {
		t.Error("no line came twice: this test shows nothing")
	}
}

// scanUntil leaves ScanPipe within emit at the nth line.
func scanUntil(r, rest *os.File, n int) (got []string, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = ScanPipe(r, rest, func(s string) {
			if got = append(got, s); len(got) == n {
				runtime.Goexit()
			}
		})
	}()
	<-done
	return got, err
}

// A program with a buffer leaves the beginning of a line behind with each write.
func TestScanPipeRestIsBounded(t *testing.T) {
	r, w := rawPipe(t)
	rest := memory(t)
	go feed(w, strings.Repeat(strings.Repeat("x", 99)+"\n", 100_000), 8192)
	largest := int64(0)
	err := ScanPipe(r, rest, func(string) {
		if st, err := rest.Stat(); err == nil {
			largest = max(largest, st.Size())
		}
	})
	if err != nil || largest > 2*gulp || largest < 8192 {
		t.Errorf("%v; %d bytes at rest", err, largest)
	}
}

// A quiet worker costs what it costs with Scan: no page of its rest is in use, and the buffer is small.
func TestScanPipeGivesMemoryBack(t *testing.T) {
	r, w := rawPipe(t)
	rest := memory(t)
	p, err := newPipeReader(r, rest)
	must(t, err)
	p.scanner.emit = func(string) {}
	write(t, w, strings.Repeat("x", MaxLine-1)+"\n")
	_ = unix.Close(w)
	if err := p.scanner.scan(p); err != io.EOF {
		t.Error(err)
	}
	var st unix.Stat_t
	c, err := rest.SyscallConn()
	must(t, err)
	must(t, c.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &st) }))
	if err != nil || st.Blocks != 0 || len(p.scanner.buf) != smallBuffer {
		t.Errorf("%v; %d blocks, a buffer of %d bytes", err, st.Blocks, len(p.scanner.buf))
	}
}

// When the kernel cannot write to rest the worker must not wait for it: lines come, and rest is used again later.
func TestProcScanPipeWithoutRoom(t *testing.T) {
	r, w := rawPipe(t)
	rest := memory(t)
	lines, done := background(r, rest)
	write(t, w, "one\nbegun ")
	got := []string{<-lines}
	limitFiles(t, 4, func() {
		write(t, w, "before\ntwo\nand ")
		got = append(got, <-lines, <-lines)
	})
	write(t, w, "after\nthree\nfo")
	got = append(got, <-lines, <-lines)
	write(t, w, "ur\nfi")
	got = append(got, <-lines)
	want := []string{"one", "begun before", "two", "and after", "three", "four"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	must(t, r.Close())
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	_ = unix.Close(w)
}

// limitFiles lets do run while files cannot be longer than so many bytes (RLIMIT_FSIZE). Tests that use it do not run in parallel.
func limitFiles(t testing.TB, bytes uint64, do func()) {
	t.Helper()
	var old unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: old.Max}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &old)) }()
	do()
}

func TestScanPipeRefuses(t *testing.T) {
	r, w := rawPipe(t)
	defer unix.Close(w)
	closed := memory(t)
	must(t, closed.Close())
	for name, rest := range map[string]*os.File{"a pipe to rest in": r, "a closed file": closed} {
		if err := ScanPipe(r, rest, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	must(t, r.Close())
	if err := ScanPipe(r, memory(t), nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// What was left at rest comes first.
func TestScanPipeBeginsWithTheRest(t *testing.T) {
	r, w := rawPipe(t)
	rest := memory(t)
	if _, err := rest.WriteAt([]byte("gone\nold\nbeg"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	go feed(w, "un\nnew\n", 100)
	if got := gather(t, r, rest); !slices.Equal(got, []string{"old", "begun", "new"}) {
		t.Errorf("got %q", got)
	}
}
