//go:build linux

package keeper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

func TestProcExits(t *testing.T) { both(t, testExits) }

func testExits(t *testing.T, b bench) {
	tests := map[string]Exit{
		"exit 0":                        {},
		"exit 3":                        {Code: 3},
		"exit 255":                      {Code: 255},
		"kill -KILL $$":                 {Signal: syscall.SIGKILL},
		"kill -TERM $$":                 {Signal: syscall.SIGTERM},
		"kill -USR1 $$":                 {Signal: syscall.SIGUSR1},
		"kill -PIPE $$":                 {Signal: syscall.SIGPIPE},
		"sleep 0; exec no-such-program": {Code: 127},
	}
	for script, want := range tests {
		p, err := b.Spawn(shell(script))
		b.must(err)
		got := b.finish(p.ID)
		if got.At.Before(p.StartedAt) {
			t.Errorf("%s: ended before it started", script)
		}
		got.At = want.At
		if got != want {
			t.Errorf("%s: %s (%+v), want %s", script, got, got, want)
		}
	}
}

// Whether a core is written depends on the system; the flag must say the same
// as os/exec does.
func TestProcCoreDump(t *testing.T) { both(t, testCoreDump) }

func testCoreDump(t *testing.T, b bench) {
	const script = "ulimit -c unlimited; kill -QUIT $$"
	s := shell(script)
	s.Plan.Directory = t.TempDir()
	p, err := b.Spawn(s)
	b.must(err)
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Dir = t.TempDir()
	_ = cmd.Run()
	want := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if got := b.finish(p.ID); got.Signal != syscall.SIGQUIT || got.CoreDumped != want.CoreDump() {
		t.Errorf("%s; os/exec: core dumped %t", got, want.CoreDump())
	}
}

func TestProcStandardDescriptors(t *testing.T) { both(t, testStandardDescriptors) }

func testStandardDescriptors(t *testing.T, b bench) {
	w := b.run(shell("readlink /proc/self/fd/0; readlink /proc/$$/fd/2; echo lost >&2; cat"))
	if got := w.rest(t); got != "/dev/null\n/dev/null\n" {
		t.Errorf("got %q", got)
	}
	b.finish(w.ID)
}

func TestProcOwnSessionAndPID(t *testing.T) { both(t, testOwnSessionAndPID) }

func testOwnSessionAndPID(t *testing.T, b bench) {
	s := shell("echo $$ $LISTEN_PID $PARENT; cat /proc/$$/stat")
	s.Plan.OwnPID, s.Plan.ParentPID = []string{"LISTEN_PID"}, []string{"PARENT"}
	w := b.run(s)
	if got, want := w.line(t), fmt.Sprintf("%d %d %d", w.PID, w.PID, os.Getpid()); got != want {
		t.Errorf("pid, LISTEN_PID and parent are %s, want %s", got, want)
	}
	stat := strings.Fields(w.rest(t))
	if pid := strconv.Itoa(w.PID); stat[4] != pid || stat[5] != pid {
		t.Errorf("group %s and session %s, want %s", stat[4], stat[5], pid)
	}
	b.finish(w.ID)
}

func TestProcDescriptorsAreExact(t *testing.T) { both(t, testDescriptorsAreExact) }

func testDescriptorsAreExact(t *testing.T, b bench) {
	self, err := os.Executable()
	b.must(err)
	s := Spawn{Plan: stage.Plan{Command: []string{self, "list-descriptors"}, Env: stage.Environ()}}
	want := "0 cloexec=false nonblock=false\n1 cloexec=false nonblock=false\n2 cloexec=false nonblock=false\n"
	_, shared, err := fdpass.Pipe()
	b.must(err)
	defer shared.Close()
	b.must(b.Hold("log", shared))
	for n := 3; n < 200; n++ {
		f := File{Number: n, Descriptor: shared}
		if n%2 == 0 {
			f = File{Number: n, Held: "log"}
		}
		s.Files = append([]File{f}, s.Files...)
		want += fmt.Sprintf("%d cloexec=false nonblock=false\n", n)
	}
	s.Files = append(s.Files, File{Number: 255, Held: "log"})
	want += "255 cloexec=false nonblock=false\n"
	w := b.run(s)
	if got := w.rest(t); got != want {
		t.Errorf("the worker has\n%s", got)
	}
	b.finish(w.ID)
}

// The flag is in the open file description, which all workers and supervise share.
func TestProcNonblockStaysAsItIs(t *testing.T) { both(t, testNonblockStaysAsItIs) }

func testNonblockStaysAsItIs(t *testing.T, b bench) {
	self, err := os.Executable()
	b.must(err)
	var fds [2]int
	b.must(unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
	read, write := fdpass.NewDescriptor(fds[0]), fdpass.NewDescriptor(fds[1])
	defer read.Close()
	defer write.Close()
	w := b.run(Spawn{
		Plan:  stage.Plan{Command: []string{self, "list-descriptors"}, Env: stage.Environ()},
		Files: []File{{Number: 0, Descriptor: read}, {Number: 3, Descriptor: read}},
	})
	got := w.rest(t)
	for _, want := range []string{"0 cloexec=false nonblock=true\n", "3 cloexec=false nonblock=true\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the worker has\n%s", got)
		}
	}
	b.finish(w.ID)
	b.must(read.Use(func(fd int) error {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("the flag is gone here: %#x, %v", flags, err)
		}
		return nil
	}))
}

func TestProcIdentity(t *testing.T) { both(t, testIdentity) }

func testIdentity(t *testing.T, b bench) {
	s := shell("id -u; id -g; id -G; umask; ulimit -n")
	umask, id := uint32(0o77), uint32(65534)
	s.Plan.Umask, s.Plan.Limits = &umask, []stage.Limit{{Resource: "nofile", Soft: 99, Hard: 100}}
	s.Plan.UID, s.Plan.GID, s.Plan.Groups = &id, &id, []uint32{7}
	if os.Geteuid() != 0 {
		_, err := b.Spawn(s)
		if err == nil || !strings.Contains(err.Error(), "needs root") {
			t.Errorf("got %v", err)
		}
		return
	}
	w := b.run(s)
	if got := w.rest(t); got != "65534\n65534\n65534 7\n0077\n99\n" {
		t.Errorf("got %q", got)
	}
	b.finish(w.ID)
}

func TestProcFailuresLeaveNothing(t *testing.T) { both(t, testFailuresLeaveNothing) }

func testFailuresLeaveNothing(t *testing.T, b bench) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		plan stage.Plan
		want string
	}{
		"no such file": {stage.Plan{Command: []string{"/no/such/app"}}, `cannot run "/no/such/app": no such file`},
		"interpreter":  {stage.Plan{Command: []string{script}}, `its interpreter "/no/such/interpreter", named in the first line, does not exist`},
		"directory":    {stage.Plan{Command: []string{"true"}, Directory: "/no/such"}, `cannot enter directory "/no/such": no such directory`},
		"empty":        {stage.Plan{}, "cannot run a worker: its command is empty"},
	}
	for name, tt := range tests {
		_, err := b.Spawn(Spawn{Plan: tt.plan})
		var f *stage.Failure
		if !errors.As(err, &f) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if hasChildren() {
		t.Error("a failed worker is still a child")
	}
}

func TestProcSpawnRefusesFiles(t *testing.T) { both(t, testSpawnRefusesFiles) }

func testSpawnRefusesFiles(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	b.must(b.Hold("log", d))
	tests := map[string]struct {
		file File
		want string
	}{
		"nothing":  {File{Number: 3}, "one of a held name and a descriptor must be given"},
		"both":     {File{Number: 3, Held: "log", Descriptor: d}, "one of a held name and a descriptor must be given"},
		"unknown":  {File{Number: 3, Held: "web"}, `"web" is not held`},
		"negative": {File{Number: -1, Held: "log"}, `cannot give descriptor "-1"`},
		"huge":     {File{Number: 1 << 30, Held: "log"}, "open files"},
	}
	for name, tt := range tests {
		s := shell("true")
		s.Files = []File{tt.file}
		if _, err := b.Spawn(s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	b.must(d.Close())
	s := shell("true")
	s.Files = []File{{Number: 3, Descriptor: d}}
	if _, err := b.Spawn(s); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed descriptor: got %v", err)
	}
}

// A program that is no stage, or none at all.
func TestProcBrokenStage(t *testing.T) {
	hanging := filepath.Join(t.TempDir(), "hanging")
	if err := os.WriteFile(hanging, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		executable string
		patience   bool
		want       string
	}{
		"says nothing": {"/bin/false", true, "the stage exited with status 1 before it ran the command"},
		"is missing":   {"/no/such/supervise", true, `cannot start "/no/such/supervise stage": no such file or directory`},
		"hangs":        {hanging, false, "did not answer within 1ms"},
	}
	for name, tt := range tests {
		l, err := NewLocal(tt.executable)
		if err != nil {
			t.Fatal(err)
		}
		if !tt.patience {
			l.patience = 1e6
		}
		if _, err := l.Spawn(shell("true")); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for hasChildren() { // the hanging one is reaped behind our back
		runtime.Gosched()
	}
}

func TestProcLargeEnvironment(t *testing.T) { both(t, testLargeEnvironment) }

func testLargeEnvironment(t *testing.T, b bench) {
	s := shell("env | wc -c")
	for i := range 16 {
		s.Plan.Env = append(s.Plan.Env, fmt.Sprintf("V%02d=%s", i, strings.Repeat("\xff", 64<<10)))
	}
	w := b.run(s)
	if got, err := strconv.Atoi(strings.TrimSpace(w.rest(t))); err != nil || got < 1<<20 {
		t.Errorf("the worker has %d bytes of environment, %v", got, err)
	}
	b.finish(w.ID)
}

func TestProcSpawnAtOnce(t *testing.T) { both(t, testSpawnAtOnce) }

func testSpawnAtOnce(t *testing.T, b bench) {
	const workers = 200
	var all sync.WaitGroup
	ids := make([]ID, workers)
	for i := range workers {
		all.Go(func() {
			p, err := b.Spawn(shell(fmt.Sprintf("exit %d", i)))
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = p.ID
			if exit := b.wait(p.ID); exit.Code != i {
				t.Errorf("worker %d %s", i, exit)
			}
			if err := b.Forget(p.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	seen := make(map[ID]bool)
	for _, id := range ids {
		if seen[id] {
			t.Errorf("id %d was given twice", id)
		}
		seen[id] = true
	}
}

func TestProcNothingLeaks(t *testing.T) { both(t, testNothingLeaks) }

func testNothingLeaks(t *testing.T, b bench) {
	_, d, err := fdpass.Pipe()
	b.must(err)
	defer d.Close()
	b.must(b.Hold("log", d))
	round := func(script string) {
		s := shell(script)
		s.Files = []File{{Number: 5, Held: "log"}, {Number: 2, Descriptor: d}}
		if script == "" {
			s.Plan.Command = []string{"/no/such/app"}
		}
		p, err := b.Spawn(s)
		if (err == nil) != (script != "") {
			t.Fatalf("%q: %v", script, err)
		}
		if err == nil {
			b.finish(p.ID)
		}
	}
	round("exit 0")
	descriptors, routines := openDescriptors(t), runtime.NumGoroutine()
	for range 200 {
		round("exit 1")
		round("")
	}
	if got := openDescriptors(t); got > descriptors {
		t.Errorf("%d descriptors are open, %d were", got, descriptors)
	}
	if hasChildren() {
		t.Error("a child is left")
	}
	for runtime.NumGoroutine() > routines { // watchers end right after Forget
		runtime.Gosched()
	}
}

// A thousand idle workers must cost no threads, or they cost as many stacks and
// as much of the limit on processes.
func TestProcIdleWorkersNeedNoThreads(t *testing.T) { both(t, testIdleWorkersNeedNoThreads) }

func testIdleWorkersNeedNoThreads(t *testing.T, b bench) {
	threads := func() int {
		entries, err := os.ReadDir("/proc/self/task")
		b.must(err)
		return len(entries)
	}
	b.must(func() error { _, err := b.Spawn(shell("exec sleep 1000")); return err }())
	before := threads()
	for range 100 {
		s := shell("")
		s.Plan.Command = []string{"sleep", "1000"}
		_, err := b.Spawn(s)
		b.must(err)
	}
	if after := threads(); after > before+10 {
		t.Errorf("100 workers made %d threads out of %d", after, before)
	}
}
