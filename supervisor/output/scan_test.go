package output

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func scan(t testing.TB, r io.Reader) []string {
	t.Helper()
	var got []string
	if err := Scan(r, func(s string) { got = append(got, s) }); err != nil {
		t.Fatal(err)
	}
	return got
}

type scanCase struct {
	name, in string
	want     []string
}

func scanCases() []scanCase {
	x := func(n int) string { return strings.Repeat("x", n) }
	return []scanCase{
		{"nothing", "", nil},
		{"one", "a\n", []string{"a"}},
		{"no line end", "a", []string{"a"}},
		{"several", "a\n\nb\nc", []string{"a", "", "b", "c"}},
		{"DOS", "a\r\nb\r\n\r\n", []string{"a", "b", ""}},
		{"only the last CR", "a\r\r\nb\rc\n", []string{"a\r", "b\rc"}},
		{"CR at the end", "a\r", []string{"a"}},
		{"any bytes", "\xff\x00\x1b\n\xc3", []string{"\xff\x00\x1b", "\xc3"}},
		{"longest", x(MaxLine) + "\nb", []string{x(MaxLine), "b"}},
		{"longest DOS", x(MaxLine) + "\r\nb", []string{x(MaxLine), "b"}},
		{"one too long", x(MaxLine+1) + "\nb", []string{x(MaxLine), "x", "b"}},
		{"much too long", x(3*MaxLine+5) + "\nb\n", []string{x(MaxLine), x(MaxLine), x(MaxLine), x(5), "b"}},
		{"long without end", x(MaxLine + 2), []string{x(MaxLine), "xx"}},
		{"long of characters", x(MaxLine-1) + "ü\n", []string{x(MaxLine - 1), "ü"}},
		{"long of bytes", strings.Repeat("\x80", MaxLine+1), []string{strings.Repeat("\x80", MaxLine), "\x80"}},
	}
}

func TestScan(t *testing.T) {
	for _, c := range scanCases() {
		for how, r := range map[string]io.Reader{
			"whole":     strings.NewReader(c.in),
			"by halves": iotest.HalfReader(strings.NewReader(c.in)),
			"by bytes":  iotest.OneByteReader(strings.NewReader(c.in)),
			"end early": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			if got := scan(t, r); !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: got %d lines %.60q, want %d %.60q", c.name, how, len(got), got, len(c.want), c.want)
			}
		}
	}
}

func TestScanEmitsAtOnce(t *testing.T) {
	r, w := io.Pipe()
	lines := make(chan string)
	go func() {
		_ = Scan(r, func(s string) { lines <- s })
		close(lines)
	}()
	for _, text := range []string{"first", "second"} {
		if _, err := io.WriteString(w, text+"\n"); err != nil {
			t.Fatal(err)
		}
		if got := <-lines; got != text {
			t.Errorf("got %q", got)
		}
	}
	_ = w.Close()
	if got, more := <-lines; more {
		t.Errorf("got %q after the end", got)
	}
}

func TestScanGivesReadErrors(t *testing.T) {
	broken := errors.New("broken")
	var got []string
	err := Scan(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), func(s string) { got = append(got, s) })
	if err != broken || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A quiet worker must not keep the buffer of the one long line it printed.
func TestScanGivesMemoryBack(t *testing.T) {
	s := scanner{emit: func(string) {}}
	for range 6 {
		s.grow()
		s.end = len(s.buf)
	}
	if len(s.buf) != 32*smallBuffer {
		t.Fatalf("grown to %d", len(s.buf))
	}
	s.buf[s.end-1] = '\n'
	s.lines(0)
	s.grow()
	if len(s.buf) != smallBuffer {
		t.Errorf("%d bytes are kept", len(s.buf))
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("a\nb\r\nc"), uint16(1))
	f.Add([]byte("ü€𝄞\xff\r"), uint16(700))
	f.Fuzz(func(t *testing.T, unit []byte, times uint16) {
		in := bytes.Repeat(unit, int(times)%4000+1)
		var whole []byte
		for _, line := range scan(t, bytes.NewReader(in)) {
			if len(line) > MaxLine || strings.Contains(line, "\n") {
				t.Fatalf("line of %d bytes", len(line))
			}
			if utf8.Valid(in) && !utf8.ValidString(line) {
				t.Fatal("a character was cut in two")
			}
			whole = append(whole, line...)
		}
		without := func(b []byte) []byte { return bytes.Map(noLineEnd, b) }
		if utf8.Valid(in) && !bytes.Equal(without(whole), without(in)) {
			t.Error("something was lost or added")
		}
	})
}

func noLineEnd(r rune) rune {
	if r == '\n' || r == '\r' {
		return -1
	}
	return r
}

func BenchmarkScan(b *testing.B) {
	line := []byte(strings.Repeat("x", 99) + "\n")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	_ = Scan(io.LimitReader(repeat(line), int64(b.N*len(line))), func(string) {})
}

type repeat []byte

func (r repeat) Read(p []byte) (int, error) { return copy(p, r), nil }
