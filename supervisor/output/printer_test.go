package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scene is what a small deploy prints.
var scene = []Line{
	{Service: "app", Generation: 1, Text: "listening"},
	{Service: "worker-of-mail", Generation: 1, Text: "\x1b[32mok\x1b[0m\tand \x07bell"},
	{Service: "app", Generation: 2, Text: ""},
	{Service: "app", Generation: 2, Worker: 1, Text: "from the second worker"},
	{Service: "app", Generation: 2, Worker: 0, Text: "from the first"},
	{Service: strings.Repeat("long-", 8), Generation: 12, Text: "not aligned to this"},
	{Service: "ünï", Generation: 1, Text: "\xff\x9b2J\u202e"},
	{Service: "app", Generation: 2, Text: "(7 lines missed: this reader was too slow)", Missed: 7},
}

func TestPrinterLooks(t *testing.T) {
	for name, make := range map[string]func(io.Writer) *Printer{
		"pipe.txt":     func(w io.Writer) *Printer { return NewPrinter(w, false) },
		"terminal.txt": func(w io.Writer) *Printer { return NewPrinter(w, true) },
		"no_color.txt": func(w io.Writer) *Printer { p := NewPrinter(w, false); p.SetTerminal(true); return p },
		"colour_in_pipe.txt": func(w io.Writer) *Printer {
			p := NewPrinter(w, true)
			p.SetTerminal(false)
			return p
		},
		"expected.txt": func(w io.Writer) *Printer {
			p := NewPrinter(w, false)
			p.Expect("app", 12)
			p.Expect("worker-of-mail", 1)
			p.Expect("", 0)
			return p
		},
	} {
		var out bytes.Buffer
		p := make(&out)
		for _, l := range scene {
			p.Print(l)
		}
		golden(t, name, out.Bytes())
	}
}

// writes keeps each Write apart.
type writes struct {
	mu   sync.Mutex
	list []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, string(b))
	return len(b), nil
}

func TestPrinterWritesWholeLines(t *testing.T) {
	var w writes
	p := NewPrinter(&w, false)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				p.Print(Line{Service: "app", Generation: 1, Worker: worker, Text: fmt.Sprintf("%d:%d", worker, i)})
				if worker == 3 {
					p.Expect(fmt.Sprint("other", i), i)
				}
			}
		})
	}
	group.Wait()
	next := map[int]int{}
	for _, text := range w.list {
		_, after, _ := strings.Cut(text, " | ")
		var worker, i int
		if n, err := fmt.Sscanf(after, "%d:%d\n", &worker, &i); n != 2 || err != nil || strings.Count(text, "\n") != 1 {
			t.Fatalf("one Write was %q", text)
		}
		if i != next[worker] {
			t.Fatalf("worker %d: line %d instead of %d", worker, i, next[worker])
		}
		next[worker]++
	}
	if len(w.list) != 1600 || p.Err() != nil {
		t.Errorf("%d writes, %v", len(w.list), p.Err())
	}
}

// failing gives errors in turn, then none.
type failing struct {
	errs []error
	out  bytes.Buffer
	n    int
}

func (w *failing) Write(b []byte) (int, error) {
	if w.n++; w.n <= len(w.errs) && w.errs[w.n-1] != nil {
		return 0, w.errs[w.n-1]
	}
	return w.out.Write(b)
}

func TestPrinterGivesUpABrokenPipe(t *testing.T) {
	for _, broken := range []error{syscall.EPIPE, fmt.Errorf("write stdout: %w", syscall.EPIPE), io.ErrClosedPipe} {
		w := &failing{errs: []error{nil, broken}}
		p := NewPrinter(w, false)
		for range 100 {
			p.Print(Line{Service: "app", Text: "x"})
		}
		if w.n != 2 || p.Err() != broken || w.out.String() != "app.0 | x\n" {
			t.Errorf("%d writes, %v, %q", w.n, p.Err(), w.out.String())
		}
	}
}

func TestPrinterGoesOnAfterOtherErrors(t *testing.T) {
	w := &failing{errs: []error{syscall.ENOSPC, syscall.EIO}}
	p := NewPrinter(w, false)
	for i := range 4 {
		p.Print(Line{Service: "app", Text: fmt.Sprint(i)})
	}
	if !errors.Is(p.Err(), syscall.ENOSPC) || w.out.String() != "app.0 | 2\napp.0 | 3\n" {
		t.Errorf("%v, %q", p.Err(), w.out.String())
	}
}

// gate is a writer that blocks while it is closed.
type gate struct {
	open chan struct{}
	writes
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.writes.Write(b)
}

func TestPrinterSlowsWorkersDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		p := NewPrinter(g, false)
		returned := false
		go func() {
			p.Print(Line{Service: "app", Text: "x"})
			returned = true
		}()
		time.Sleep(patience - time.Nanosecond)
		synctest.Wait()
		if returned {
			t.Error("Print has not waited for the writer")
		}
		close(g.open)
		synctest.Wait()
		if !returned || len(g.list) != 1 {
			t.Errorf("returned: %v, written: %q", returned, g.list)
		}
	})
}

func TestPrinterDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		p := NewPrinter(g, false)
		p.Expect("app", 3)
		began := time.Now()
		var workers sync.WaitGroup
		for worker := range 3 {
			workers.Go(func() {
				for i := range 1000 {
					p.Print(Line{Service: "app", Worker: worker, Text: fmt.Sprint(i)})
				}
			})
		}
		workers.Wait()
		// All wait once, together: not once for each line.
		if took := time.Since(began); took > 2*patience {
			t.Errorf("3000 lines took %v", took)
		}
		p.Expect("more", 1) // the supervisor's own calls do not wait at all
		close(g.open)
		synctest.Wait()
		p.Print(Line{Service: "app", Text: "again"})
		p.Print(Line{Service: "app", Text: "as ever"})
		if len(g.list) != 3 || p.Err() != nil {
			t.Fatalf("%v: %q", p.Err(), g.list)
		}
		note, rest, _ := strings.Cut(g.list[1], "\n")
		if note != "(2999 lines of workers dropped: the output was blocked)" || !strings.HasSuffix(rest, " | again\n") {
			t.Errorf("got %q, %q", note, rest)
		}
		if !strings.HasPrefix(g.list[2], "app.0/0 | as ever") {
			t.Errorf("got %q", g.list[2])
		}
	})
}

func TestPrinterStallsTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		p := NewPrinter(g, false)
		for round := 1; round <= 3; round++ {
			p.Print(Line{Service: "app", Text: "stuck"})
			p.Print(Line{Service: "app", Text: "dropped"})
			g.open <- struct{}{}
			synctest.Wait()
			if len(g.list) != round || p.stalled.Load() {
				t.Fatalf("round %d: %d written, stalled: %v", round, len(g.list), p.stalled.Load())
			}
		}
	})
}

func BenchmarkPrinter(b *testing.B) {
	p := NewPrinter(io.Discard, true)
	b.ReportAllocs()
	for range b.N {
		p.Print(Line{Service: "app", Generation: 12, Worker: 3, Text: "a line as workers print it, with \x1b[1mbold\x1b[0m"})
	}
}
