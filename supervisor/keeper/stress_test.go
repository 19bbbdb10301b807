//go:build linux

package keeper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// Everything that may happen at the same time does.
func TestProcEverythingAtOnce(t *testing.T) { both(t, testEverythingAtOnce) }

func testEverythingAtOnce(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	defer d.Close()
	var all sync.WaitGroup
	for i := range 20 {
		name := fmt.Sprint("log", i)
		all.Go(func() {
			for range 5 {
				if err := live(b, name, d); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if names := b.names(); len(names) != 0 {
		t.Errorf("still held: %q", names)
	}
	if hasChildren() {
		t.Error("a child is left")
	}
}

// live is one life of a worker with four people pulling at it.
func live(b bench, name string, d *fdpass.Descriptor) error {
	if err := b.Hold(name, d); err != nil {
		return err
	}
	s := shell("sleep 1000 & exec sleep 1000")
	s.Files = []File{{Number: 3, Held: name}, {Number: 4, Descriptor: d}}
	p, err := b.Spawn(s)
	if err != nil {
		return err
	}
	var pulling sync.WaitGroup
	errs := make([]error, 4)
	for i, pull := range []func() error{
		func() error { return b.Kill(p.ID) },
		func() error { return b.Kill(p.ID) },
		func() error { _, err := b.Wait(p.ID); return err },
		func() error { return ignore(b.Signal(p.ID, syscall.SIGTERM), os.ErrProcessDone) },
	} {
		pulling.Go(func() { errs[i] = pull() })
	}
	pulling.Wait()
	return errors.Join(append(errs, b.Drop(name), b.Forget(p.ID))...)
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// A stopped worker has not ended; SIGKILL ends it all the same.
func TestProcStoppedWorker(t *testing.T) { both(t, testStoppedWorker) }

func testStoppedWorker(t *testing.T, b bench) {
	w := b.run(shell("echo ready; exec sleep 1000"))
	w.line(t)
	b.must(b.Signal(w.ID, syscall.SIGSTOP))
	if err := unix.Waitid(unix.P_PID, w.PID, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Forget(w.ID); !errors.Is(err, errRunning) {
		t.Errorf("a stopped worker counts as ended: %v", err)
	}
	b.must(b.Signal(w.ID, syscall.SIGCONT))
	b.must(b.Signal(w.ID, syscall.SIGSTOP))
	b.must(b.Kill(w.ID))
	if exit := b.finish(w.ID); exit.Signal != syscall.SIGKILL {
		t.Errorf("the worker %s", exit)
	}
}

func TestProcSignalRefusesNonsense(t *testing.T) { both(t, testSignalRefusesNonsense) }

func testSignalRefusesNonsense(t *testing.T, b bench) {
	p, err := b.Spawn(shell("exec sleep 1000"))
	b.must(err)
	if err := b.Signal(p.ID, 999); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("got %v", err)
	}
	b.must(b.Signal(p.ID, 0))
}

// At the limit of open files a worker is refused, with the reason, and works
// again afterwards.
func TestProcOutOfDescriptors(t *testing.T) { both(t, testOutOfDescriptors) }

func testOutOfDescriptors(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	defer d.Close()
	var old syscall.Rlimit
	b.must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	defer func() { b.must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) }()
	first := fillGaps(t, d)
	before := openDescriptors(t)
	refused := 0
	const most = 40
	for room := range most {
		b.must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(first + room), Max: old.Max}))
		p, err := b.Spawn(shell("exit 0"))
		b.must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old))
		switch {
		case err == nil:
			b.finish(p.ID)
		case strings.Contains(err.Error(), "too many open files") || strings.Contains(err.Error(), "open files (raise"):
			refused++
		default:
			t.Errorf("with room for %d: %v", room, err)
		}
	}
	if refused == 0 || refused == most {
		t.Errorf("%d of %d were refused", refused, most)
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
	if hasChildren() {
		t.Error("a child is left")
	}
}

// fillGaps makes every number in use below the one it returns.
func fillGaps(t *testing.T, d *fdpass.Descriptor) (first int) {
	t.Helper()
	for number, last := 0, 3+openDescriptors(t)*2; number < last; {
		if err := d.Use(func(fd int) (err error) {
			number, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(number) })
		first = number + 1
	}
	return first
}

// A deploy replaces the file of supervise while it runs: stages still come from
// the program that is running.
func TestProcExecutableIsReplaced(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "supervise")
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "spawn-without-file").CombinedOutput()
	if err != nil || string(out) != "exited with status 6\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// spawnWithoutFile is what TestProcExecutableIsReplaced runs.
func spawnWithoutFile() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Remove(self); err != nil {
		return err
	}
	l, err := NewLocal("")
	if err != nil {
		return err
	}
	p, err := l.Spawn(shell("exit 6"))
	if err != nil {
		return err
	}
	exit, err := l.Wait(p.ID)
	fmt.Println(exit)
	return errors.Join(err, l.Forget(p.ID), l.Close())
}

func TestProcMembersAreSharedByAllWhoWait(t *testing.T) { both(t, testMembersAreSharedByAllWhoWait) }

func testMembersAreSharedByAllWhoWait(t *testing.T, b bench) {
	var workers []running
	for range 5 {
		w := b.run(shell("sleep 1000 & echo ready; exec sleep 1000"))
		w.line(t)
		workers = append(workers, w)
	}
	var all sync.WaitGroup
	for range 4 {
		for _, w := range workers {
			all.Go(func() {
				got, err := b.core.members(proctree.Of(w.PID))
				if err != nil || len(got) != 2 || !slices.Contains(got, w.PID) {
					t.Errorf("members of %d are %v, %v", w.PID, got, err)
				}
			})
		}
	}
	all.Wait()
	b.clear()
	if _, err := b.core.members(proctree.Of(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The plan of the caller stays as it is: it may be used for the next worker.
func TestProcSpawnLeavesThePlanAlone(t *testing.T) { both(t, testSpawnLeavesThePlanAlone) }

func testSpawnLeavesThePlanAlone(t *testing.T, b bench) {
	env := make([]string, 2, 10)
	env[0], env[1] = proctree.Mark("mine"), "PATH=/bin:/usr/bin"
	s := Spawn{Plan: stage.Plan{Command: []string{"true"}, Env: env, Numbers: []int{77}}}
	for range 2 {
		p, err := b.Spawn(s)
		b.must(err)
		b.finish(p.ID)
	}
	if env[0] != proctree.Mark("mine") || env[1] != "PATH=/bin:/usr/bin" || !slices.Equal(s.Plan.Numbers, []int{77}) {
		t.Errorf("the plan became %+v", s.Plan)
	}
}
