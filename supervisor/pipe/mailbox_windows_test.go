package pipe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func newBox(t testing.TB, limit int) *Mailbox {
	t.Helper()
	b := must[*Mailbox](t)(Receive(Random("supervise-test-"), limit))
	t.Cleanup(func() { b.Close() })
	return b
}

// writer opens the pipe as a program does that knows of files only.
func writer(t testing.TB, b *Mailbox) *os.File {
	t.Helper()
	f := must[*os.File](t)(os.OpenFile(string(b.addr), os.O_WRONLY, 0))
	t.Cleanup(func() { f.Close() })
	return f
}

func next(t testing.TB, b *Mailbox) Letter {
	t.Helper()
	return must[Letter](t)(b.Next())
}

// post writes letters and does not wait for anybody to read them.
func post(t testing.TB, f *os.File, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := f.WriteString(text); err != nil {
			t.Error(err)
		}
	}
}

func TestOneWriteIsOneLetter(t *testing.T) {
	b := newBox(t, 100)
	f := writer(t, b)
	post(t, f, "one", "two", strings.Repeat("x", 100))
	f.Close()
	for _, want := range []string{"one", "two", strings.Repeat("x", 100)} {
		if l := next(t, b); string(l.Data) != want || l.PID != os.Getpid() || l.Long {
			t.Errorf("got %q of %d, long %t, want %q", l.Data, l.PID, l.Long, want)
		}
	}
}

// TestLongLetter: the rest of it is nobody's letter.
func TestLongLetter(t *testing.T) {
	b := newBox(t, 10)
	post(t, writer(t, b), strings.Repeat("x", 11), strings.Repeat("y", 35), "short")
	for _, want := range []Letter{{Data: []byte("xxxxxxxxxx"), Long: true}, {Data: []byte("yyyyyyyyyy"), Long: true}, {Data: []byte("short")}} {
		if l := next(t, b); string(l.Data) != string(want.Data) || l.Long != want.Long {
			t.Errorf("got %q, long %t, want %q", l.Data, l.Long, want.Data)
		}
	}
}

// TestManyWriters come and go, more than are taken at a time, and one of them talks all the time.
func TestManyWriters(t *testing.T) {
	const count, each = writers + 20, 5
	b := newBox(t, 100)
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() {
			for i := range each {
				c, err := Dial(t.Context(), string(b.addr))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := fmt.Fprintf(c, "%d.%d", n, i); err != nil {
					t.Error(err)
				}
				c.Close()
			}
		})
	}
	seen := map[string]int{}
	for range count * each {
		seen[string(next(t, b).Data)]++
	}
	all.Wait()
	if len(seen) != count*each {
		t.Errorf("%d different letters", len(seen))
	}
}

// TestWriterThatStays keeps nobody out.
func TestWriterThatStays(t *testing.T) {
	b := newBox(t, 100)
	first := writer(t, b)
	for i := range 10 {
		post(t, first, "first")
		post(t, writer(t, b), fmt.Sprint(i))
		a, c := string(next(t, b).Data), string(next(t, b).Data)
		if a != "first" && c != "first" || a == c {
			t.Errorf("got %q and %q", a, c)
		}
	}
}

func TestFinish(t *testing.T) {
	b := newBox(t, 100)
	stays, gone := writer(t, b), writer(t, b)
	post(t, gone, "a", "b")
	gone.Close()
	post(t, stays, "c", "d")
	b.Finish()
	seen := map[string]bool{}
	for range 4 {
		seen[string(next(t, b).Data)] = true
	}
	if _, err := b.Next(); err != io.EOF || len(seen) != 4 {
		t.Errorf("%v, then %v", seen, err)
	}
	if _, err := b.Next(); err != io.EOF {
		t.Errorf("once more: %v", err)
	}
}

// TestFinishEndsNext: nobody has written anything.
func TestFinishEndsNext(t *testing.T) {
	b := newBox(t, 100)
	ended := make(chan error)
	go func() {
		_, err := b.Next()
		ended <- err
	}()
	b.Finish()
	if err := <-ended; err != io.EOF {
		t.Error(err)
	}
}

func TestCloseMailbox(t *testing.T) {
	b := newBox(t, 100)
	f := writer(t, b)
	post(t, f, "lost", "as well")
	ended := make(chan error)
	next(t, b)
	go func() {
		_, err := b.Next()
		if err == nil {
			_, err = b.Next()
		}
		ended <- err
	}()
	b.Close()
	if err := <-ended; err != io.EOF {
		t.Error(err)
	}
	if _, err := f.WriteString("to nobody"); err == nil {
		t.Error("it was taken")
	}
	if _, err := os.OpenFile(string(b.addr), os.O_WRONLY, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pipe is still there: %v", err)
	}
	b.Close()
}

// TestProcLetter is of another process, that writes and ends: its number is known all the same.
func TestProcLetter(t *testing.T) {
	if path := os.Getenv("PIPE"); path != "" {
		post(t, must[*os.File](t)(os.OpenFile(path, os.O_WRONLY, 0)), "READY=1")
		return
	}
	b := newBox(t, 100)
	c := exec.Command(os.Args[0], "-test.run=^TestProcLetter$")
	c.Env = append(os.Environ(), "PIPE="+string(b.addr))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b.Finish()
	if l := next(t, b); string(l.Data) != "READY=1" || l.PID != c.Process.Pid {
		t.Errorf("got %q of %d, want one of %d", l.Data, l.PID, c.Process.Pid)
	}
}
