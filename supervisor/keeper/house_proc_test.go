//go:build linux

package keeper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProcNextManagerHasEverything(t *testing.T) {
	h := newHouse(t, "")
	h.greets("trial=false", "stopping=0", `before=""`, `failed=""`, "given=[]")
	h.expect("ready", "done")
	h.expect("hold web through", "done")
	h.expect("save state one two", "done")
	id, pid := h.spawn("worker/app/1/0/1", "exit 3")
	runs, runner := h.spawn("worker/app/1/1/2", "exec sleep 1000")
	h.expect("wait "+id, "exited with status 3")
	all := fmt.Sprintf("state=one two web %s:worker/app/1/0/1:%d %s:worker/app/1/1/2:%d", id, pid, runs, runner)
	for range 3 {
		h.strike()
		h.greets(`before="was killed by SIGKILL"`)
		h.expect("inventory", all)
		h.expect("wait "+id, "exited with status 3")
	}
	h.expect("read web", "through")
	h.refused("forget "+runs, "it has not exited")
	h.expect("forget "+id, "done")
	h.refused("wait "+id, "there is no such worker")
	h.expect("kill "+runs, "done")
	h.expect("wait "+runs, "was killed by SIGKILL")
	h.expect("drop web", "done")
	h.strike()
	h.expect("inventory", fmt.Sprintf("state=one two %s:worker/app/1/1/2:%d", runs, runner))
}

// gone is a pidfd that tells of the end of a process.
func gone(t *testing.T, pid int) (wait func()) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		defer unix.Close(fd)
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if err == nil {
				return
			}
			if err != unix.EINTR {
				t.Fatal(err)
			}
		}
	}
}

func sendSignal(t *testing.T, pid int, sig unix.Signal) {
	t.Helper()
	if err := unix.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

func TestProcExitWhileNoManagerLives(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	id, pid := h.spawn("w", "exec sleep 1000")
	wait := gone(t, pid)
	sendSignal(t, h.manager, unix.SIGSTOP)
	sendSignal(t, pid, unix.SIGTERM)
	wait()
	h.strike()
	h.expect("inventory", fmt.Sprintf("%s:w:%d", id, pid))
	h.refused("signal "+id+" 15", "process already finished")
	h.expect("wait "+id, "was killed by SIGTERM")
	h.expect("forget "+id, "done")
}

// What a manager sent before it ended counts, whether it heard the answer or not.
func TestProcRequestsOfTheDeadCount(t *testing.T) {
	h := newHouse(t, "")
	for i := range 4 {
		h.expect("ready", "done")
		sendSignal(t, h.cmd.Process.Pid, unix.SIGSTOP)
		h.tell(fmt.Sprintf("save state %d", i))
		awaitQueued(t, h.manager)
		sendSignal(t, h.manager, unix.SIGKILL)
		sendSignal(t, h.cmd.Process.Pid, unix.SIGCONT)
		h.meet()
		h.expect("inventory", fmt.Sprintf("state=%d", i))
	}
}

// awaitQueued returns when a manager waits for the answer to what it has sent: its
// threads are at rest and its command is read.
func awaitQueued(t *testing.T, pid int) {
	t.Helper()
	for {
		links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		held := 0
		for _, l := range links {
			if to, _ := os.Readlink(l); strings.HasPrefix(to, "/memfd:supervise-text") {
				held++
			}
		}
		if held > 0 && sleeps(pid) {
			return
		}
	}
}

// sleeps tells whether every thread of the process waits for something.
func sleeps(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		b, _ := os.ReadFile(path)
		if !strings.Contains(string(b), ") S ") {
			return false
		}
	}
	return true
}

func TestProcOrphansAreReaped(t *testing.T) {
	h := newHouse(t, "")
	orphans(t, h, h.cmd.Process.Pid)
}

// orphans has workers leave daemons behind that end later.
func orphans(t *testing.T, h *house, keeper int) {
	t.Helper()
	for range 5 {
		h.tell(`spawn w (setsid sh -c 'echo pid $$ >&1; exec sleep 1000' &)`)
		var pid int
		for range 2 { // in either order: the daemon's pid, and that it was spawned
			if line := h.line(); strings.HasPrefix(line, "pid ") {
				pid = number(t, strings.TrimPrefix(line, "pid "))
			}
		}
		kids := childrenOf(keeper)
		for !slices.Contains(kids, pid) && alive(pid) { // its parent has yet to end
			kids = childrenOf(keeper)
		}
		sendSignal(t, pid, unix.SIGKILL)
		for alive(pid) {
			h.do("inventory")
		}
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// alive tells whether there is such a process, if only as a zombie.
func alive(pid int) bool { return !errors.Is(unix.Kill(pid, 0), unix.ESRCH) }

func childrenOf(pid int) (list []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, field := range strings.Fields(string(b)) {
			n, _ := strconv.Atoi(field)
			list = append(list, n)
		}
	}
	return list
}

// unshare runs the keeper as pid 1 of a namespace, as in a container.
func unshare(args ...string) *exec.Cmd {
	options := []string{"--pid", "--fork", "--mount-proc", "--kill-child"}
	if os.Geteuid() != 0 {
		options = append(options, "--user", "--map-root-user")
	}
	return exec.Command("unshare", append(options, args...)...)
}

func TestProcAsPID1(t *testing.T) {
	self := must(os.Executable())
	h := openHouse(t, unshare(self, "keeper"))
	h.meet()
	init := childrenOf(h.cmd.Process.Pid)
	if len(init) != 1 {
		t.Fatalf("unshare has children %v", init)
	}
	// Pids are those of the namespace, so nothing here can look at them from outside.
	h.tell(`spawn w (setsid sh -c 'exec sleep 0' &)`)
	h.line()
	h.tell("spawn v sleep 1000 & echo $! $PPID; wait")
	said := []string{h.line(), h.line()}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.HasSuffix(s, " 1") }) {
		t.Errorf("the worker's parent is not pid 1: %q", said)
	}
	sendSignal(t, init[0], unix.SIGHUP)
	h.expect("signals", "hangup")
	sendSignal(t, init[0], unix.SIGTERM)
	h.expect("signals", "terminated")
	for len(childrenOf(init[0])) > 3 { // manager and the two workers
		h.do("inventory")
	}
	h.tell("end 7")
	h.expectEnd(7)
}

func TestProcEndTakesAllWithIt(t *testing.T) {
	h := newHouse(t, "")
	h.spawn("w", `trap "" TERM; sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &); sleep 1000`)
	h.spawn("v", "exit 0")
	h.tell("end 5")
	h.expectEnd(5) // and its output ends: see close
}

func TestProcFollowOverManagers(t *testing.T) {
	h := newHouse(t, "")
	h.tell(`spawn daemon sh -c 'sleep 1000 & echo pid $!'; exec sleep 1000`)
	var id string
	var pid, second int
	for range 2 {
		if line := h.line(); strings.HasPrefix(line, "pid ") {
			second = number(t, strings.TrimPrefix(line, "pid "))
		} else if _, err := fmt.Sscan(line, &id, &pid); err != nil {
			t.Fatal(line)
		}
	}
	h.expect(fmt.Sprintf("follow %s %d", id, second), "done")
	h.refused(fmt.Sprintf("follow %s %d", id, os.Getpid()), "does not belong to this worker")
	wait := gone(t, pid)
	sendSignal(t, pid, unix.SIGKILL)
	wait()
	h.strike()
	h.expect("inventory", fmt.Sprintf("%s:daemon:%d", id, second))
	sendSignal(t, second, unix.SIGUSR1)
	// Its parent was gone: so it was the keeper's child, and its status is known.
	h.expect("wait "+id, "was killed by SIGUSR1")
	h.strike()
	h.refused("wait "+id, "there is no such worker") // yet: it has not looked
	h.expect("inventory", fmt.Sprintf("%s:daemon:%d", id, second))
	h.expect("wait "+id, "was killed by SIGUSR1")
	if !alive(second) || !alive(pid) {
		t.Error("the pid was given back before Forget")
	}
	h.expect("forget "+id, "done")
	for alive(second) || alive(pid) { // until this manager has seen the first one's end, too
		h.expect("drop nothing", "done")
	}
	h.expect("inventory", "")
}

func TestProcFollowBackOverManagers(t *testing.T) {
	h := newHouse(t, "")
	h.tell(`spawn w sleep 1000 & echo pid $!; exec sleep 1000`)
	var id string
	var pid, second int
	for range 2 {
		if line := h.line(); strings.HasPrefix(line, "pid ") {
			second = number(t, strings.TrimPrefix(line, "pid "))
		} else if _, err := fmt.Sscan(line, &id, &pid); err != nil {
			t.Fatal(line)
		}
	}
	h.expect(fmt.Sprintf("follow %s %d", id, second), "done")
	h.strike()
	h.expect("inventory", fmt.Sprintf("%s:w:%d", id, second))
	h.expect(fmt.Sprintf("follow %s %d", id, pid), "done")
	h.strike()
	h.expect("inventory", fmt.Sprintf("%s:w:%d", id, pid))
	h.expect("kill "+id, "done")
	h.expect("wait "+id, "was killed by SIGKILL")
}
