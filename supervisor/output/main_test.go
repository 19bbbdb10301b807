package output

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// asSupervisor makes the test binary a program that prints lines to its stdout, as supervise does, and then says on its stderr how
// that went.
const asSupervisor = "OUTPUT_TEST_PRINT"

func TestMain(m *testing.M) {
	if os.Getenv(asSupervisor) != "" {
		printToStdout()
		return
	}
	if n, _ := strconv.Atoi(os.Getenv(asWorker)); n > 0 {
		printNumbered(n)
		return
	}
	os.Exit(m.Run())
}

// numbered is a line that tells its number, of a length that follows from it.
func numbered(n int) string { return fmt.Sprint(n, strings.Repeat("x", n%300)) }

func printNumbered(lines int) {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for n := range lines {
		fmt.Fprintln(out, numbered(n))
	}
}

func printToStdout() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	p := NewPrinter(os.Stdout, false)
	_, _ = io.ReadAll(os.Stdin) // until the test has closed the other end of stdout
	for i := range 1000 {
		p.Print(Line{Service: "app", Generation: 1, Text: fmt.Sprint(i)})
	}
	fmt.Fprintln(os.Stderr, "alive:", p.Err(), "gone:", p.gone.Load())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}
