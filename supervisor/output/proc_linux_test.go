package output

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asReader makes TestProcKilledReader a manager: it reads the pipe 3 by way of 4, keeps lines in 5 and prints them.
const asReader = "OUTPUT_TEST_READ"

func readAndPrint() error {
	if err := unix.SetNonblock(3, true); err != nil { // os/exec has made it blocking
		return err
	}
	r, rest := os.NewFile(3, "pipe"), os.NewFile(4, "rest")
	l, err := RestoreLog(keptLines, os.NewFile(5, "log"))
	if err != nil {
		return err
	}
	return ScanPipe(r, rest, func(text string) {
		l.Append(Line{Time: time.Now(), Service: "app", Text: text})
		if _, err := os.Stdout.WriteString(text + "\n"); err != nil {
			panic(err)
		}
	})
}

const keptLines = 300

// flood has numbered lines; the length and the content of each follow from its number.
func flood(i int) string {
	return fmt.Sprintf("%d:%s", i, strings.Repeat(string(rune('a'+i%26)), i*i%997%(1+i%300)))
}

// generations runs readers of the same files one after the other, and kills all but the last at some line.
type generations struct {
	t      *testing.T
	files  []*os.File
	next   int // the first line nobody has seen
	again  int // lines that came twice
	killed int
}

func TestProcKilledReader(t *testing.T) {
	if os.Getenv(asReader) != "" {
		if err := readAndPrint(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	const lines = 60_000
	r, w := rawPipe(t)
	log := memory(t)
	g := &generations{t: t, files: []*os.File{r, memory(t), log}}
	go pour(w, lines)
	for range 25 {
		g.run(1 + rand.IntN(lines/40))
	}
	g.run(-1)
	if g.next != lines || g.killed != 25 {
		t.Errorf("%d lines of %d, %d readers killed", g.next, lines, g.killed)
	}
	t.Logf("%d lines came twice", g.again)
	g.checkLog(log)
}

// pour writes the flood as programs with buffers do: writes end anywhere, and some are larger than the pipe.
func pour(w, lines int) {
	defer unix.Close(w)
	var buf []byte
	for i := range lines {
		buf = append(buf, flood(i)+"\n"...)
		for size := 1 << (4 + i/1000%14); len(buf) >= size || i == lines-1 && len(buf) > 0; {
			n, err := unix.Write(w, buf[:min(size, len(buf))])
			if err != nil {
				return
			}
			buf = buf[n:]
		}
	}
}

// run starts a reader, kills it when it has printed so many lines (-1: never), and checks all that it printed.
func (g *generations) run(limit int) {
	cmd := exec.CommandContext(g.t.Context(), os.Args[0], "-test.run=^TestProcKilledReader$")
	cmd.Env = append(os.Environ(), asReader+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles, cmd.Stderr = g.files, os.Stderr
	out, err := cmd.StdoutPipe()
	must(g.t, err)
	must(g.t, cmd.Start())
	printed := bufio.NewReader(out)
	first := -1
	for n := 0; ; n++ {
		if n == limit {
			must(g.t, cmd.Process.Kill())
		}
		text, err := printed.ReadString('\n')
		if err == io.EOF {
			break // what comes before it is a line that the kill has cut off
		}
		must(g.t, err)
		first = g.check(strings.TrimSuffix(text, "\n"), first)
	}
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL && limit >= 0:
		g.killed++
	case err != nil:
		g.t.Errorf("reader: %v", err)
	}
}

// check takes one line. The first one of a reader may be one that was seen, by one read at most; then they come in order.
func (g *generations) check(text string, before int) int {
	g.t.Helper()
	var number int
	if _, err := fmt.Sscanf(text, "%d:", &number); err != nil || text != flood(number) {
		g.t.Fatalf("line %q is damaged", text)
	}
	switch {
	case before >= 0 && number != before+1, number > g.next:
		g.t.Fatalf("line %d comes after line %d, and %d was the next", number, before, g.next)
	case before < 0 && number < g.next-smallBuffer/3:
		g.t.Errorf("lines from %d on come again, and %d was the next", number, g.next)
	}
	if number < g.next {
		g.again++
	}
	g.next = max(g.next, number+1)
	return number
}

// checkLog: what readers kept is the end of the flood without a gap; a reader that is killed between the log and its output, or a
// line that comes twice, is in it twice.
func (g *generations) checkLog(f *os.File) {
	l, err := RestoreLog(keptLines, f)
	must(g.t, err)
	var got []int
	for _, line := range l.Last(keptLines) {
		var number int
		if _, err := fmt.Sscanf(line.Text, "%d:", &number); err != nil || line.Text != flood(number) {
			g.t.Fatalf("line %q is damaged", line.Text)
		}
		got = append(got, number)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if len(got) < keptLines/2 || got[len(got)-1] != g.next-1 || got[0] != g.next-len(got) {
		g.t.Errorf("the log has %d lines, %d to %d of %d", len(got), got[0], got[len(got)-1], g.next)
	}
}
