package keeper

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

func TestProcStopEvent(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "stop"))
	w.line(t)
	b.must(b.Signal(w.ID, syscall.SIGTERM))
	if got := w.line(t); got != "stop <nil>" {
		t.Errorf("got %q", got)
	}
	if exit := b.wait(w.ID); exit.Code != 9 {
		t.Errorf("the worker %s", exit)
	}
	if err := b.Signal(w.ID, syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after the exit: %v", err)
	}
}

// A worker that has heard gets no Ctrl-Break the next time, though it has the event no longer open: here there is an error where that
// would be sent (under Wine), and the worker ends where it arrives.
func TestProcStopTwice(t *testing.T) {
	b := newBench(t)
	for range 10 {
		w := b.run(helper(t, "stop-once"))
		w.line(t)
		b.must(b.Signal(w.ID, syscall.SIGTERM))
		if got := w.line(t) + w.line(t); got != "stop <nil>closed" {
			t.Errorf("got %q", got)
		}
		b.must(b.Signal(w.ID, syscall.SIGTERM))
		b.must(b.Kill(w.ID))
		if exit := b.wait(w.ID); exit.Signal != syscall.SIGKILL {
			t.Errorf("the worker %s", exit)
		}
	}
}

// The event stays set: a worker that is told to stop before it listens, stops.
func TestProcStopBeforeItListens(t *testing.T) {
	b := newBench(t)
	in, write := b.stdin()
	s := helper(t, "cat-stop")
	s.Files = []File{{Number: 0, Descriptor: in}}
	w := b.run(s)
	w.line(t)
	_ = b.Signal(w.ID, syscall.SIGTERM) // nobody listens, and Ctrl-Break may not reach it
	b.must(errors.Join(in.Close(), write.Close()))
	w.rest(t)
	if exit := b.wait(w.ID); exit.Code != 9 {
		t.Errorf("the worker %s", exit)
	}
}

func TestProcCtrlBreak(t *testing.T) {
	underWine(t, "GenerateConsoleCtrlEvent does not know the group of a process")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		b := newBench(t)
		w := b.run(helper(t, "break"))
		w.line(t)
		b.must(b.Signal(w.ID, sig))
		if got := w.line(t); got != "interrupt" {
			t.Errorf("got %q", got)
		}
		if exit := b.wait(w.ID); exit.Code != 8 {
			t.Errorf("the worker %s", exit)
		}
	}
}

func TestProcSignals(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "ready"))
	w.line(t)
	err := b.Signal(w.ID, syscall.SIGHUP)
	if err == nil || err.Error() != `cannot send SIGHUP to worker "test": windows has no such signal` {
		t.Errorf("got %v", err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGABRT} {
		w := b.run(helper(t, "ready"))
		w.line(t)
		b.must(b.Signal(w.ID, sig))
		if exit := b.wait(w.ID); exit.Signal != sig || exit.Code != 0 || exit.String() != "was killed by "+signalName(sig) {
			t.Errorf("the worker %s", exit)
		}
	}
}

func TestProcWaitByMany(t *testing.T) {
	b := newBench(t)
	in, write := b.stdin()
	s := helper(t, "cat")
	s.Files = []File{{Number: 0, Descriptor: in}}
	p, err := b.Spawn(s)
	b.must(err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if exit, err := b.Wait(p.ID); err != nil || !exit.Success() {
				t.Errorf("the worker %s, %v", exit, err)
			}
		})
	}
	b.must(errors.Join(in.Close(), write.Close()))
	all.Wait()
	b.must(b.Forget(p.ID))
	if _, err := b.Wait(p.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("after Forget: %v", err)
	}
}

func TestProcForget(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "ready"))
	w.line(t)
	if err := b.Forget(w.ID); !errors.Is(err, errRunning) {
		t.Errorf("a running worker was forgotten: %v", err)
	}
	if err := b.Follow(w.ID, os.Getpid()); err == nil || !strings.Contains(err.Error(), "not supported on windows") {
		t.Errorf("follow: %v", err)
	}
	b.must(b.Follow(w.ID, w.PID))
	b.must(b.Kill(w.ID))
	b.finish(w.ID)
	for name, err := range map[string]error{
		"signal": b.Signal(w.ID, syscall.SIGTERM), "kill": b.Kill(w.ID), "follow": b.Follow(w.ID, 1), "forget": b.Forget(w.ID), "never was": b.Kill(12345),
	} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProcKillTakesTheWholeTree(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "child", "child", "ready"))
	for range 3 {
		w.line(t)
	}
	if got := proctree.Look().Members(w.Tree()); len(got) != 3 {
		t.Errorf("the processes of the worker are %v", got)
	}
	b.must(b.Kill(w.ID))
	w.rest(t) // ends only when all are gone
	if exit := b.finish(w.ID); exit.Signal != syscall.SIGKILL {
		t.Errorf("the worker %s", exit)
	}
}

func TestProcKillTakesWhatIsLeftBehind(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "child", "exit", "0"))
	w.line(t)
	if exit := b.wait(w.ID); !exit.Success() {
		t.Errorf("the worker %s", exit)
	}
	b.must(b.Kill(w.ID))
	w.rest(t)
	b.must(b.Kill(w.ID))
	b.must(b.Forget(w.ID))
}

// A tree that keeps starting others is ended at once.
func TestProcKillForkingTree(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "forking"))
	for range 5 {
		w.line(t)
	}
	b.must(b.Kill(w.ID))
	w.rest(t)
	b.finish(w.ID)
}

func TestProcKillSparesOthers(t *testing.T) {
	b := newBench(t)
	mine, other := b.run(helper(t, "child", "ready")), b.run(helper(t, "child", "ready"))
	for range 2 {
		mine.line(t)
		other.line(t)
	}
	b.must(b.Kill(mine.ID))
	mine.rest(t)
	if got := proctree.Look().Members(other.Tree()); len(got) != 2 {
		t.Errorf("of another worker are left %v", got)
	}
}

// What is in the job ends with the keeper's handle of it.
func TestProcCloseEndsWorkers(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "child", "ready"))
	w.line(t)
	w.line(t)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := b.Wait(w.ID); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait: %v", err)
		}
	})
	b.must(b.Close())
	waiting.Wait()
	w.rest(t)
}

// supervise is killed: all that it has started ends, and so does their pipe.
func TestProcDeathOfSuperviseEndsWorkers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "worker", "keep")
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	if err := errors.Join(cmd.Start(), stdout.Close()); err != nil {
		t.Fatal(err)
	}
	w := running{out: reader(r)}
	w.line(t)
	w.line(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.rest(t)
	_ = cmd.Wait()
	_ = r.Close()
}

func TestProcPriority(t *testing.T) {
	underWine(t, "a process gets the normal class, whatever CreateProcess was told")
	b := newBench(t)
	for nice, want := range map[int]uint32{-20: windows.HIGH_PRIORITY_CLASS, -1: windows.ABOVE_NORMAL_PRIORITY_CLASS, 0: windows.NORMAL_PRIORITY_CLASS, 5: windows.BELOW_NORMAL_PRIORITY_CLASS, 19: windows.IDLE_PRIORITY_CLASS} {
		s := helper(t, "ready")
		s.Plan.Nice = &nice
		w := b.run(s)
		w.line(t)
		h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(w.PID))
		b.must(err)
		got, err := windows.GetPriorityClass(h)
		b.must(errors.Join(err, windows.CloseHandle(h)))
		if got != want {
			t.Errorf("nice %d is class %#x, want %#x", nice, got, want)
		}
	}
}

// Nobody listens, and no Ctrl-Break reaches it either: that is said, and the event is set all the same.
func TestProcStopReachesNobody(t *testing.T) {
	b := newBench(t)
	s, err := newStop()
	b.must(err)
	defer s.close()
	if heard, err := s.set(); heard || err != nil {
		t.Errorf("heard %t, %v", heard, err)
	}
	name, err := windows.UTF16PtrFromString(s.name)
	b.must(err)
	other, err := windows.OpenEvent(windows.SYNCHRONIZE, false, name)
	b.must(err)
	defer windows.CloseHandle(other)
	if heard, err := s.set(); !heard || err != nil {
		t.Errorf("with a listener: heard %t, %v", heard, err)
	}
	if event, err := windows.WaitForSingleObject(other, 0); event != windows.WAIT_OBJECT_0 || err != nil {
		t.Errorf("the event is not set: %d, %v", event, err)
	}
}
