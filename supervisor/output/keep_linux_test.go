package output

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func restore(t testing.TB, lines int, f *os.File) *Log {
	t.Helper()
	l, err := RestoreLog(lines, f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// same compares what two logs have.
func same(t *testing.T, want, got *Log) {
	t.Helper()
	if diff := cmp.Diff(want.Last(1<<20), got.Last(1<<20)); diff != "" {
		t.Fatalf("restored (-want +got):\n%.2000s", diff)
	}
}

func bigness(t testing.TB, f *os.File) int64 {
	t.Helper()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

func someLine(i int) Line {
	return Line{
		Time: time.Unix(int64(i), int64(rand.IntN(1e9))), Service: "app", Generation: i % 7, Worker: i % 3,
		Text: fmt.Sprint(i, " ", strings.Repeat("x", rand.IntN(300))),
	}
}

func TestLogRestores(t *testing.T) {
	for _, limit := range []int{1, 2, 100, 1000} {
		f := memory(t)
		l := NewLog(limit)
		l.Append(someLine(0))
		l.Keep(f)
		for i := range 3000 {
			l.Append(someLine(i))
			if i%97 == 0 {
				same(t, l, restore(t, limit, f))
			}
			if i%500 == 0 {
				l = restore(t, limit, f) // as a new process does
			}
		}
		same(t, l, restore(t, limit, f))
		if n := bigness(t, f); n > 2*l.keeping.live+slack+400 {
			t.Errorf("limit %d: a file of %d bytes for %d", limit, n, l.keeping.live)
		}
	}
}

// The new limit counts, whatever the file has.
func TestLogRestoresLess(t *testing.T) {
	f := memory(t)
	l := NewLog(1000)
	l.Keep(f)
	fill(l, 0, 1000)
	few := restore(t, 10, f)
	if got := texts(few.Last(100)); !slices.Equal(got, numbers(990, 1000, 1)) {
		t.Errorf("got %q", got)
	}
	for i := range 2000 {
		fill(few, i, i+1)
	}
	if got := texts(restore(t, 10, f).Last(100)); !slices.Equal(got, numbers(1990, 2000, 1)) || bigness(t, f) > 2*slack {
		t.Errorf("got %q from %d bytes", got, bigness(t, f))
	}
}

// The former user of the file may still be alive: nothing changes before the first line.
func TestRestoreLogChangesNothing(t *testing.T) {
	f := memory(t)
	writeAt(t, f, string(records(Line{Text: "gone"}, Line{Text: "here"}))+"torn", 0)
	seekTo(t, f, recordFixed+4)
	size := bigness(t, f)
	l := restore(t, 10, f)
	if at, _ := f.Seek(0, io.SeekCurrent); at != recordFixed+4 || bigness(t, f) != size {
		t.Errorf("at %d, %d bytes", at, bigness(t, f))
	}
	l.Append(Line{Text: "new"})
	if got := texts(restore(t, 10, f).Last(9)); !slices.Equal(got, []string{"here", "new"}) {
		t.Errorf("got %q", got)
	}
}

func TestKeepForgetsWhatTheFileHad(t *testing.T) {
	f := memory(t)
	writeAt(t, f, strings.Repeat("x", 1000), 0)
	seekTo(t, f, 500)
	l := NewLog(10)
	l.Keep(f)
	if n := bigness(t, f); n != 0 {
		t.Errorf("%d bytes", n)
	}
	fill(l, 0, 3)
	same(t, l, restore(t, 10, f))
}

// Wherever a process was killed within its write, the lines before are there, and the next ones come after them.
func TestRestoreLogTornOff(t *testing.T) {
	whole := records(Line{Text: "one"}, Line{Text: "two"})
	for cut := range len(whole) {
		f := memory(t)
		writeAt(t, f, string(whole[:cut]), 0)
		l := restore(t, 10, f)
		want := []string{"one"}[:min(cut/(recordFixed+3), 1)]
		if got := texts(l.Last(9)); !slices.Equal(got, want) {
			t.Fatalf("cut at %d: %q", cut, got)
		}
		l.Append(Line{Text: "new"})
		if got := texts(restore(t, 10, f).Last(9)); !slices.Equal(got, append(want, "new")) {
			t.Fatalf("cut at %d, then: %q", cut, got)
		}
	}
}

// Compaction, stopped after each of its system calls: TestSpoolIsWholeAtEveryStep is about the last three.
func TestCompactionIsWholeAtEveryStep(t *testing.T) {
	f := memory(t)
	l := NewLog(10)
	l.Keep(f)
	fill(l, 0, 100)
	must(t, l.keeping.moveTo(l.keeping.end-l.keeping.live))
	same(t, l, restore(t, 10, f))
	writeAt(t, f, string(l.records(l.oldest(), l.next)[:200]), 0)
	same(t, l, restore(t, 10, f))
	must(t, l.compact())
	same(t, l, restore(t, 10, f))
	if n := bigness(t, f); n != l.keeping.live {
		t.Errorf("%d bytes for %d", n, l.keeping.live)
	}
}

// A file that cannot grow does not hold up the log, and has all of it later.
func TestProcLogGoesOnWithoutRoom(t *testing.T) {
	f := memory(t)
	l := NewLog(100)
	l.Keep(f)
	fill(l, 0, 50)
	full := bigness(t, f) + 20
	limitFiles(t, uint64(full), func() { fill(l, 50, 60) })
	if got := texts(l.Last(10)); !slices.Equal(got, numbers(50, 60, 1)) {
		t.Errorf("the log has %q", got)
	}
	if got := texts(restore(t, 100, f).Last(100)); !slices.Equal(got, numbers(0, 50, 1)) {
		t.Errorf("the file has %q", got)
	}
	fill(l, 60, 80)
	same(t, l, restore(t, 100, f))
	// So little room that the lines the log has do not fit: then none are lost but in the file.
	limitFiles(t, 100, func() { fill(l, 80, 1080) })
	if got := texts(l.Last(100)); !slices.Equal(got, numbers(980, 1080, 1)) {
		t.Errorf("the log has %q", got)
	}
	fill(l, 1080, 1280)
	same(t, l, restore(t, 100, f))
}

// Room for less than slack is enough when what is gone is given up for it.
func TestProcLogCompactsWhenThereIsNoRoom(t *testing.T) {
	f := memory(t)
	l := NewLog(10)
	l.Keep(f)
	limitFiles(t, 3000, func() { fill(l, 0, 5000) })
	if !l.keeping.failed && bigness(t, f) > 3000 {
		t.Errorf("%d bytes", bigness(t, f))
	}
	fill(l, 5000, 5020)
	same(t, l, restore(t, 10, f))
}

func TestLogWithAnImpossibleFile(t *testing.T) {
	f := memory(t)
	must(t, f.Close())
	l := NewLog(10)
	l.Keep(f)
	fill(l, 0, 100)
	if got := texts(l.Last(10)); !slices.Equal(got, numbers(90, 100, 1)) {
		t.Errorf("got %q", got)
	}
	if _, err := RestoreLog(10, f); err == nil || !strings.HasPrefix(err.Error(), `cannot restore log from "test": `) {
		t.Errorf("got %v", err)
	}
}

// A line without a record is not in the file; the others are.
func TestLogKeepsNoGiant(t *testing.T) {
	f := memory(t)
	l := NewLog(5000)
	l.Keep(f)
	l.Append(Line{Text: "before"})
	l.Append(Line{Text: strings.Repeat("x", maxRecord)})
	l.Append(Line{Text: "after"})
	if got := texts(restore(t, 5000, f).Last(9)); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("got %.60q", got)
	}
}

// Whatever is in the file: what is restored is restored again, with the line after it.
func FuzzRestoreLog(f *testing.F) {
	two := records(Line{Time: time.Unix(5, 5), Service: "app", Text: "x"}, Line{Text: "y"})
	f.Add(two, uint16(0), uint8(3))
	f.Add(two, uint16(recordFixed+4), uint8(1))
	f.Add(append(two, "garbage"...), uint16(9999), uint8(100))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, lines uint8) {
		file := memory(t)
		writeAt(t, file, string(b), 0)
		seekTo(t, file, int64(at))
		l := restore(t, int(lines), file)
		for range 3 {
			l.Append(Line{Time: time.Unix(1, 1), Text: "more"})
			again := restore(t, int(lines), file)
			same(t, l, again)
			l = again
		}
		_ = file.Close()
	})
}

// BenchmarkLogKeep compares Append with and without a file. A log of 1000 lines is full all the time.
func BenchmarkLogKeep(b *testing.B) {
	line := Line{Time: time.Unix(1, 1), Service: "app", Text: strings.Repeat("x", 99)}
	for name, keep := range map[string]bool{"memory": false, "file": true} {
		b.Run(name, func(b *testing.B) {
			l := NewLog(1000)
			if keep {
				l.Keep(memory(b))
			}
			b.ReportAllocs()
			for range b.N {
				l.Append(line)
			}
		})
	}
}
