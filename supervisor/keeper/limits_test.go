//go:build linux

package keeper

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// The longest names, of what is twice as long in JSON, still go page by page.
func TestProcLongestNames(t *testing.T) { both(t, testLongestNames) }

func testLongestNames(t *testing.T, b bench) {
	r, w, err := fdpass.Pipe()
	b.must(err)
	defer r.Close()
	defer w.Close()
	const count = 300
	for i := range count {
		name := fmt.Sprintf("%03d", i) + strings.Repeat(`"`, maxName-3)
		if i%2 == 0 {
			name = fmt.Sprintf("%03d", i) + strings.Repeat(`<`, maxName-3)
		}
		b.must(b.Hold(name, w))
	}
	i, err := b.Inventory()
	b.must(err)
	defer i.Close()
	if len(i.Descriptors) != count || !slices.IsSortedFunc(i.Descriptors, func(a, b fdpass.Named) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d are held", len(i.Descriptors))
	}
}

func TestProcLongestWorkerNames(t *testing.T) {
	_, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	b := bench{c, c.core, t}
	t.Cleanup(b.clear)
	s := shell("exit 0")
	s.Name, s.Label, s.Mark = strings.Repeat(`\`, maxName), strings.Repeat(`"`, 2000), strings.Repeat(`\`, 2000)
	for range 10 {
		_, err := c.Spawn(s)
		b.must(err)
	}
	i, err := b.Inventory()
	b.must(err)
	if len(i.Workers) != 10 {
		t.Errorf("%d workers", len(i.Workers))
	}
	// What does not fit is refused as a whole, and nothing of it is started.
	s.Label = strings.Repeat("x", maxPacket)
	if _, err := c.Spawn(s); err == nil || !strings.Contains(err.Error(), "at most 32768 are allowed") {
		t.Errorf("got %v", err)
	}
}

func TestProcTooManyDescriptors(t *testing.T) {
	_, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	b := bench{c, c.core, t}
	t.Cleanup(b.clear)
	r, w, err := fdpass.Pipe()
	b.must(err)
	defer r.Close()
	defer w.Close()
	s := shell("ls /proc/self/fd | wc -l")
	s.Files = []File{{Number: 1, Descriptor: w}}
	for n := 3; len(s.Files) < maxRights-3; n++ {
		s.Files = append(s.Files, File{Number: n, Descriptor: w})
	}
	p, err := c.Spawn(s)
	b.must(err)
	if exit := b.finish(p.ID); !exit.Success() {
		t.Errorf("the worker %s", exit)
	}
	s.Files = append(s.Files, File{Number: 1000, Descriptor: w})
	if _, err := c.Spawn(s); err == nil || !strings.Contains(err.Error(), "254 descriptors are too many, at most 253 go at once") {
		t.Errorf("got %v", err)
	}
	// By name there may be any number.
	b.must(c.Hold("log", w))
	s.Files[len(s.Files)-1] = File{Number: 1000, Held: "log"}
	p, err = c.Spawn(s)
	b.must(err)
	if exit := b.finish(p.ID); !exit.Success() {
		t.Errorf("the worker %s", exit)
	}
}

// A kernel without lists of children shows the same the long way.
func TestProcChildren(t *testing.T) {
	b := newBench(t)
	for range 3 {
		_, err := b.Spawn(shell("exec sleep 1000"))
		b.must(err)
	}
	short, long := children(), childrenByStat()
	slices.Sort(short)
	slices.Sort(long)
	if len(short) < 3 || !slices.Equal(short, long) {
		t.Errorf("children are %v and %v", short, long)
	}
}

// A keeper that cannot begin says why.
func TestProcKeeperCannotStart(t *testing.T) {
	self := must(os.Executable())
	for name, tt := range map[string]struct{ environ, want string }{
		"given":    {"LISTEN_FDS=77", "LISTEN_FDS counts 77 descriptors, but number"},
		"no file":  {Variable + "=999", "cannot read what the keeper before left"},
		"no text":  {Variable + "=2", "cannot read what the keeper before left: it is no sealed file in memory"},
		"nonsense": {Variable + "=x", `cannot start: SUPERVISE_KEEPER="x" is no number`},
	} {
		cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" keeper`, self)
		cmd.Env = append(os.Environ(), tt.environ)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), "supervise: ") || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: got %q, %v, want %q", name, out, err, tt.want)
		}
	}
}

// A standard descriptor that is closed does no harm.
func TestProcKeeperWithoutStdin(t *testing.T) {
	h := openHouse(t, exec.Command("/bin/sh", "-c", `exec "$0" keeper 2 <&-`, must(os.Executable())))
	for _, delay := range []string{"100ms", "200ms", "400ms"} {
		if got, want := h.complaint(), "supervise: the manager exited with status 2, starting it again in "+delay; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	h.signal(unix.SIGTERM)
	h.expectEnd(1)
	if got := h.complaint(); got != "supervise: killing what still runs" {
		t.Errorf("it said %q", got)
	}
}
