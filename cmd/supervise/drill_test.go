//go:build linux

package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestProcDrillTells: where nobody sees a terminal a drill says how far it is, by a clock, apart from its result; with --json it
// does not.
func TestProcDrillTells(t *testing.T) {
	t.Parallel()
	s := newSite(t, `listener "web" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["sh", "-c", "[ $SUPERVISE_GENERATION = 1 ] || read go < gate; exec worker"]
  listeners = ["web"]
  ready { when = "notify" }
}`, nil)
	gate := filepath.Join(s.dir, "gate")
	if err := unix.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	tick := make(chan time.Time)
	d := s.drill(t, tick, "--restarts", "1", "--clients", "1", "--connections", "4", "--http", "/")
	line := regexp.MustCompile(`^drill of app: \d+( of 4)? connections, 0 of 1 restarts(, restart 1 is going on)?, 0 lost\n$`)
	for going := false; !going; {
		tick <- time.Time{}
		text, err := d.errs.ReadString('\n')
		if err != nil || !line.MatchString(text) {
			t.Fatalf("%q, %v", text, err)
		}
		going = strings.Contains(text, "going on")
	}
	if err := os.WriteFile(gate, []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	d.ends(t, "restarts  1\n", "no connection was lost\n")

	never := make(chan time.Time, 1)
	never <- time.Time{}
	s.drill(t, never, "--restarts", "0", "--connections", "10", "--json").ends(t, `{"restarts":0,"attempts":10,"ok":10,`)
	if len(never) != 1 {
		t.Error("with --json somebody asked for the time")
	}
}

// drilling is a drill that goes on in this process.
type drilling struct {
	out, errs *bufio.Reader
	code      chan int
}

// drill begins one whose clock is tick.
func (s *site) drill(t *testing.T, tick <-chan time.Time, args ...string) *drilling {
	t.Helper()
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, theirErrs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close(); errs.Close() })
	d := &drilling{out: bufio.NewReader(out), errs: bufio.NewReader(errs), code: make(chan int, 1)}
	go func() {
		a := &app{out: theirOut, err: theirErrs, tick: tick}
		d.code <- a.execute(append([]string{"drill", "app", "--control", s.socket}, args...))
		theirOut.Close()
		theirErrs.Close()
	}()
	return d
}

// ends waits for its end, with nothing more on standard error and all of this in the result.
func (d *drilling) ends(t *testing.T, want ...string) {
	t.Helper()
	out, _ := io.ReadAll(d.out)
	errs, _ := io.ReadAll(d.errs)
	if code := <-d.code; code != 0 || len(errs) > 0 {
		t.Errorf("exit code %d, %q", code, errs)
	}
	for _, text := range want {
		if !strings.Contains(string(out), text) {
			t.Errorf("%q is not in %q", text, out)
		}
	}
}
