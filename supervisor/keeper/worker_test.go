//go:build linux

package keeper

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

func TestProcSignal(t *testing.T) { both(t, testSignal) }

func testSignal(t *testing.T, b bench) {
	w := b.run(shell(`trap "echo term; exit 9" TERM; trap "echo hup" HUP; echo ready; while :; do read x <&1 || sleep 0.01; done`))
	w.line(t)
	b.must(b.Signal(w.ID, syscall.SIGHUP))
	if got := w.line(t); got != "hup" {
		t.Errorf("got %q", got)
	}
	b.must(b.Signal(w.ID, syscall.SIGTERM))
	if got := w.line(t); got != "term" {
		t.Errorf("got %q", got)
	}
	if exit := b.wait(w.ID); exit.Code != 9 {
		t.Errorf("the worker %s", exit)
	}
	if err := b.Signal(w.ID, syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after the exit: %v", err)
	}
}

func TestProcWaitByMany(t *testing.T) { both(t, testWaitByMany) }

func testWaitByMany(t *testing.T, b bench) {
	s := shell("read x; exit 4")
	d, end := b.stdin()
	defer d.Close()
	s.Files = []File{{Number: 0, Descriptor: d}}
	p, err := b.Spawn(s)
	b.must(err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if exit, err := b.Wait(p.ID); err != nil || exit.Code != 4 {
				t.Errorf("the worker %s, %v", exit, err)
			}
		})
	}
	end()
	all.Wait()
	if exit := b.wait(p.ID); exit.Code != 4 {
		t.Errorf("asked again, the worker %s", exit)
	}
	b.must(b.Forget(p.ID))
	if _, err := b.Wait(p.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("after Forget: %v", err)
	}
}

func TestProcForget(t *testing.T) { both(t, testForget) }

func testForget(t *testing.T, b bench) {
	w := b.run(shell("echo ready; exec sleep 1000"))
	w.line(t)
	if err := b.Forget(w.ID); !errors.Is(err, errRunning) {
		t.Errorf("a running worker was forgotten: %v", err)
	}
	b.must(b.Kill(w.ID))
	b.finish(w.ID)
	for name, err := range map[string]error{
		"signal": b.Signal(w.ID, syscall.SIGTERM), "kill": b.Kill(w.ID), "follow": b.Follow(w.ID, 1), "forget": b.Forget(w.ID), "never was": b.Kill(12345),
	} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := unix.Kill(w.PID, 0); err != unix.ESRCH {
		t.Errorf("the pid is not given back: %v", err)
	}
}

// stubborn is a worker with grandchildren that ignore SIGTERM, one in a session
// of its own, and a daemon that escaped by fork, setsid and fork.
const stubborn = `trap "" TERM
sleep 1000 &
(setsid sh -c 'trap "" TERM; sleep 1000 & echo child; sleep 1000' &)
setsid sh -c '(setsid sh -c "echo daemon; sleep 1000" &)'
echo main
exec sleep 1000`

func TestProcKillTakesTheWholeTree(t *testing.T) { both(t, testKillTakesTheWholeTree) }

func testKillTakesTheWholeTree(t *testing.T, b bench) {
	w := b.run(shell(stubborn))
	for range 3 {
		w.line(t)
	}
	b.must(b.Signal(w.ID, syscall.SIGTERM))
	b.must(b.Kill(w.ID))
	if got := w.rest(t); got != "" {
		t.Errorf("more output: %q", got)
	}
	if exit := b.finish(w.ID); exit.Signal != syscall.SIGKILL {
		t.Errorf("the worker %s", exit)
	}
}

func TestProcKillTakesWhatIsLeftBehind(t *testing.T) { both(t, testKillTakesWhatIsLeftBehind) }

func testKillTakesWhatIsLeftBehind(t *testing.T, b bench) {
	w := b.run(shell(`sleep 1000 & (setsid sh -c "(setsid sh -c 'echo daemon; exec sleep 1000' &)"); exit 0`))
	w.line(t)
	if exit := b.wait(w.ID); !exit.Success() {
		t.Errorf("the worker %s", exit)
	}
	b.must(b.Kill(w.ID))
	w.rest(t) // ends only when all are gone
	b.must(b.Kill(w.ID))
	b.must(b.Forget(w.ID))
}

// A tree that keeps forking is killed round by round.
func TestProcKillForkingTree(t *testing.T) { both(t, testKillForkingTree) }

func testKillForkingTree(t *testing.T, b bench) {
	w := b.run(shell(`spin() { while :; do sh -c "sleep 0.1 & sleep 0.1"; done; }; spin & spin & setsid sh -c 'while :; do sleep 0.01 & wait; done' & echo ready; spin`))
	w.line(t)
	b.must(b.Kill(w.ID))
	w.rest(t)
	b.finish(w.ID)
}

// Marks are unique: two keepers that call their workers the same do not kill each other's.
func TestProcKillSparesOthers(t *testing.T) {
	one, two := newBench(t), newBench(t)
	s := shell("(setsid sh -c 'echo daemon; exec sleep 1000' &); exec sleep 1000")
	s.Mark = "app.1.0"
	mine, other := one.run(s), two.run(s)
	third := one.run(s)
	mine.line(t)
	other.line(t)
	third.line(t)
	for _, w := range []running{other, third} { // the shell in between may still be there
		for len(proctree.Members(w.PID)) != 2 {
			runtime.Gosched()
		}
	}
	one.must(one.Kill(mine.ID))
	mine.rest(t)
	if got := proctree.Members(other.PID); len(got) != 2 {
		t.Errorf("of another keeper's worker are left %v", got)
	}
	if got := proctree.Members(third.PID); len(got) != 2 {
		t.Errorf("of another worker are left %v", got)
	}
}

func TestProcMark(t *testing.T) { both(t, testMark) }

func testMark(t *testing.T, b bench) {
	s := shell("env | grep -c ^SUPERVISE_ID=; echo $SUPERVISE_ID")
	s.Mark = "app.1.0"
	s.Plan.Env = append(s.Plan.Env, proctree.Mark("from outside"))
	w := b.run(s)
	if got := w.line(t); got != "1" {
		t.Errorf("%s marks", got)
	}
	if got := w.line(t); !strings.HasPrefix(got, "app.1.0.") || len(got) < len("app.1.0.")+20 {
		t.Errorf("the mark is %q", got)
	}
	b.finish(w.ID)
}

// following is a worker whose shell has started a second process, the new main
// one, and ends when its stdin does.
func following(t *testing.T, b bench) (w running, second int, end func()) {
	t.Helper()
	d, end := b.stdin()
	s := shell("sleep 1000 & echo $!; read x; exit 7")
	s.Files = []File{{Number: 0, Descriptor: d}}
	w = b.run(s)
	b.must(d.Close())
	second, err := strconv.Atoi(w.line(t))
	b.must(err)
	return w, second, end
}

func TestProcFollow(t *testing.T) { both(t, testFollow) }

func testFollow(t *testing.T, b bench) {
	w, second, end := following(t, b)
	b.must(b.Follow(w.ID, second))
	end()
	awaitZombie(t, w.PID)
	// The first process has ended; signals and the exit are the second one's.
	b.must(b.Signal(w.ID, syscall.SIGTERM))
	exit := b.wait(w.ID)
	if exit.Code == 7 || exit.Success() {
		t.Errorf("the worker %s: that was the first process", exit)
	}
	w.rest(t)
	b.must(b.Forget(w.ID))
	b.reaped() // a zombie for the kernel may not have been one for its watcher yet
}

// reaped waits until the watchers have reaped every child. The test's own time limit ends it if they do not.
func (b bench) reaped() {
	b.t.Helper()
	for hasChildren() {
		b.must(b.Drop("nothing"))
	}
}

// The new main process ends while the spawned one goes on.
func TestProcFollowOutlived(t *testing.T) { both(t, testFollowOutlived) }

func testFollowOutlived(t *testing.T, b bench) {
	w, second, end := following(t, b)
	b.must(b.Follow(w.ID, second))
	b.must(unix.Kill(second, unix.SIGKILL))
	b.wait(w.ID)
	b.must(b.Forget(w.ID))
	end()
	w.rest(t)
	b.reaped()
}

func TestProcFollowBack(t *testing.T) { both(t, testFollowBack) }

func testFollowBack(t *testing.T, b bench) {
	w, second, end := following(t, b)
	b.must(b.Follow(w.ID, second))
	b.must(b.Follow(w.ID, second))
	b.must(b.Follow(w.ID, w.PID))
	end()
	if exit := b.wait(w.ID); exit.Code != 7 {
		t.Errorf("the worker %s", exit)
	}
	if err := b.Follow(w.ID, second); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a worker that has ended follows: %v", err)
	}
}

func TestProcFollowRefusesStrangers(t *testing.T) { both(t, testFollowRefusesStrangers) }

func testFollowRefusesStrangers(t *testing.T, b bench) {
	w, _, end := following(t, b)
	other := b.run(shell("echo ready; exec sleep 1000"))
	other.line(t)
	for name, pid := range map[string]int{"ourselves": os.Getpid(), "init": 1, "another worker": other.PID, "nobody": 1 << 22, "zero": 0, "negative": -1} {
		if err := b.Follow(w.ID, pid); err == nil {
			t.Errorf("the worker follows %s", name)
		}
	}
	end()
	if exit := b.wait(w.ID); exit.Code != 7 {
		t.Errorf("the worker %s", exit)
	}
}

// The handle for systems without pidfd.
func TestProcPortableHandle(t *testing.T) {
	start := func(script string) handle {
		pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", script}, &syscall.ProcAttr{})
		if err != nil {
			t.Fatal(err)
		}
		h, err := portableHandle(pid)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := start("exit 5")
	exit, err := h.wait()
	if err != nil || exit.Code != 5 || exit.At.IsZero() {
		t.Errorf("the process %s, %v", exit, err)
	}
	if err := h.signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after the exit: %v", err)
	}
	h = start("exec sleep 1000")
	if err := h.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if exit, err := h.wait(); err != nil || exit.Signal != syscall.SIGINT {
		t.Errorf("the process %s, %v", exit, err)
	}
	h.reap()
	h.close()
}

// A pidfd keeps meaning the process that is gone, whoever has its pid now.
func TestProcHandleNeverMeansAStranger(t *testing.T) { both(t, testHandleNeverMeansAStranger) }

func testHandleNeverMeansAStranger(t *testing.T, b bench) {
	w := b.run(shell("echo ready; exec sleep 1000"))
	w.line(t)
	h, err := openHandle(w.PID)
	b.must(err)
	defer h.close()
	b.must(b.Kill(w.ID))
	b.finish(w.ID)
	if err := h.signal(0); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal: %v", err)
	}
	if _, err := openHandle(w.PID); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("open: %v", err)
	}
	if exit, err := h.wait(); err != nil || !exit.Unknown {
		t.Errorf("the process %s, %v", exit, err)
	}
	h.reap()
}
