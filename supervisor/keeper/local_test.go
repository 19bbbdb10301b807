//go:build linux

package keeper

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestProcHold(t *testing.T) { both(t, testHold) }

func testHold(t *testing.T, b bench) {
	r, d, err := fdpass.Pipe()
	b.must(err)
	defer r.Close()
	b.must(b.Hold("web", d))
	b.must(b.Hold("log", d))
	b.must(b.Hold("web", d))
	if got := b.names(); !slices.Equal(got, []string{"log", "web"}) {
		t.Errorf("held are %q", got)
	}
	b.must(d.Close()) // ours; the keeper has its own
	if err := b.Hold("web", d); !errors.Is(err, os.ErrClosed) {
		t.Errorf("held a closed descriptor: %v", err)
	}
	s := shell("echo through >&7")
	s.Files = []File{{Number: 7, Held: "web"}}
	p, err := b.Spawn(s)
	b.must(err)
	b.finish(p.ID)
	b.must(b.Drop("web"))
	b.must(b.Drop("web"))
	b.must(b.Drop("log"))
	buf := make([]byte, 100)
	n, err := r.Read(buf)
	if string(buf[:n]) != "through\n" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if n, err := r.Read(buf); n != 0 || err == nil {
		t.Errorf("a duplicate is still open: %d, %v", n, err)
	}
}

func TestProcSave(t *testing.T) { both(t, testSave) }

func testSave(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	defer d.Close()
	text := []byte("one")
	b.must(b.Hold("state", d))
	b.must(b.Save("state", text))
	text[0] = 'X' // the caller's own
	b.must(b.Save("empty", nil))
	i, err := b.Inventory()
	b.must(err)
	if string(i.Texts["state"]) != "one" || i.Texts["empty"] == nil || len(i.Texts) != 2 || len(i.Descriptors) != 0 {
		t.Errorf("kept are %q and %v", i.Texts, i.Descriptors)
	}
	b.must(b.Hold("state", d))
	i, err = b.Inventory()
	b.must(err)
	defer i.Close()
	if len(i.Texts) != 1 || len(i.Descriptors) != 1 {
		t.Errorf("kept are %q and %v", i.Texts, i.Descriptors)
	}
}

func TestProcInventory(t *testing.T) { both(t, testInventory) }

func testInventory(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	defer d.Close()
	for _, name := range []string{"b", "c", "a"} {
		b.must(b.Hold(name, d))
	}
	s := shell("exec sleep 1000")
	s.Name = "worker/app/1/0/1"
	first, err := b.Spawn(s)
	b.must(err)
	s.Name = "worker/app/1/1/2"
	second, err := b.Spawn(s)
	b.must(err)
	i, err := b.Inventory()
	b.must(err)
	if !slices.EqualFunc(i.Workers, []Process{first, second}, sameProcess) || first.Name != "worker/app/1/0/1" {
		t.Errorf("the workers are %+v, started were %+v and %+v", i.Workers, first, second)
	}
	taken := i.Take("b")
	if taken == nil || i.Take("b") != nil || i.Take("none") != nil || len(i.Descriptors) != 2 {
		t.Errorf("took %v and left %v", taken, i.Descriptors)
	}
	i.Close()
	b.must(taken.Close()) // was not the inventory's any more
	b.must(b.Kill(first.ID))
	b.finish(first.ID)
	i, err = b.Inventory()
	b.must(err)
	defer i.Close()
	if !slices.EqualFunc(i.Workers, []Process{second}, sameProcess) {
		t.Errorf("the workers are %+v", i.Workers)
	}
}

func sameProcess(a, b Process) bool {
	same := a.StartedAt.Equal(b.StartedAt)
	a.StartedAt = b.StartedAt
	return same && a == b
}

func TestNames(t *testing.T) {
	l, err := NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{"", "a\nb", "a\x00", "\xff", strings.Repeat("x", 256)} {
		_, spawnErr := l.Spawn(Spawn{Name: name})
		for _, err := range []error{l.Hold(name, nil), l.Save(name, nil), spawnErr} {
			if err == nil || errors.Is(err, os.ErrClosed) {
				t.Errorf("%q is a name: %v", name, err)
			}
		}
	}
}

// names lists what is held.
func (b bench) names() []string {
	b.t.Helper()
	i, err := b.Inventory()
	b.must(err)
	defer i.Close()
	var names []string
	for _, n := range i.Descriptors {
		names = append(names, n.Name)
	}
	return names
}

func TestProcClose(t *testing.T) {
	before := openDescriptors(t)
	l, err := NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	r, d, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Hold("log", d); err != nil {
		t.Fatal(err)
	}
	runs, err := l.Spawn(shell("exec sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	ended, err := l.Spawn(shell("exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Wait(ended.ID); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := l.Wait(runs.ID); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait: %v", err)
		}
	})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	waiting.Wait()
	refusesEverything(t, l, d, runs.ID)
	if err := errors.Join(d.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	// Nothing was killed; what had ended is reaped, what runs is our child.
	if err := unix.Kill(ended.PID, 0); err != unix.ESRCH {
		t.Errorf("the ended worker is still there: %v", err)
	}
	if err := unix.Kill(runs.PID, unix.SIGKILL); err != nil {
		t.Errorf("the running worker is gone: %v", err)
	}
	if _, err := syscall.Wait4(runs.PID, nil, 0, nil); err != nil {
		t.Error(err)
	}
	if after := openDescriptors(t); after > before+1 { // the poller's own comes with first use
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func refusesEverything(t *testing.T, l *Local, d *fdpass.Descriptor, id ID) {
	t.Helper()
	_, inventoryErr := l.Inventory()
	_, spawnErr := l.Spawn(shell("exit 0"))
	_, waitErr := l.Wait(id)
	for name, err := range map[string]error{
		"Hold": l.Hold("x", d), "Drop": l.Drop("log"), "Save": l.Save("x", nil), "Inventory": inventoryErr, "Spawn": spawnErr, "Signal": l.Signal(id, syscall.SIGTERM),
		"Kill": l.Kill(id), "Follow": l.Follow(id, 1), "Wait": waitErr, "Forget": l.Forget(id), "Close": l.Close(),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// Everything at once, and Close in between: no worker is left without an owner.
func TestProcCloseDuringSpawn(t *testing.T) {
	l, err := NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	started := make(chan Process, 40)
	for i := range 40 {
		all.Go(func() {
			p, err := l.Spawn(shell("exec sleep 1000"))
			switch {
			case err == nil:
				started <- p
			case !errors.Is(err, os.ErrClosed):
				t.Error(err)
			}
		})
		if i == 20 {
			all.Go(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	close(started)
	for p := range started {
		if err := unix.Kill(p.PID, unix.SIGKILL); err != nil {
			t.Error(err)
		}
		if _, err := syscall.Wait4(p.PID, nil, 0, nil); err != nil {
			t.Error(err)
		}
	}
	if hasChildren() {
		t.Error("a worker has no owner")
	}
}
