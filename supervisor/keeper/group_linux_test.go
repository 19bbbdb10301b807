package keeper

import (
	"fmt"
	"os"
	"path"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// newGroup makes a group in the one of this process, and removes it if the test does not.
func newGroup(t *testing.T) *cgroup.Group {
	t.Helper()
	own, err := cgroup.PathOf(os.Getpid())
	var g *cgroup.Group
	if err == nil {
		g, err = cgroup.At(path.Join(own, fmt.Sprintf("keepertest-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "."))))
	}
	if err == nil {
		err = g.Create()
	}
	switch {
	case err != nil && os.Getenv("SUPERVISE_REQUIRE_ALL") != "":
		t.Fatal("this needs control groups of version 2: ", err)
	case err != nil:
		t.Skip("this needs control groups of version 2: ", err)
	}
	t.Cleanup(func() {
		if err := g.Kill(10 * time.Second); err != nil {
			t.Error(err)
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// escaping leaves a process behind that nothing but the group connects with it.
const escaping = "env -i PATH=/usr/bin:/bin setsid sh -c 'sleep 1000 >/dev/null &'; "

// isEmpty fails the test unless the group has no processes.
func isEmpty(t *testing.T, g *cgroup.Group) {
	t.Helper()
	if empty, err := g.Empty(); err != nil || !empty {
		t.Errorf("empty %v, %v", empty, err)
	}
}

func TestProcGroup(t *testing.T) { both(t, testGroup) }

func testGroup(t *testing.T, b bench) {
	g := newGroup(t)
	p, err := b.Spawn(Spawn{Label: "w", Group: g, Plan: stage.Plan{
		Command: []string{"/bin/sh", "-c", escaping + "exit 3"}, Env: []string{"PATH=/usr/bin:/bin"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if p.Group != g.Path() || p.Tree().Group != g.Path() {
		t.Errorf("process %+v", p)
	}
	if exit, err := b.Wait(p.ID); err != nil || exit.Code != 3 {
		t.Errorf("exit %v, %v", exit, err)
	}
	pids, err := g.Procs()
	if err != nil || len(pids) != 1 || !p.Tree().Contains(pids[0]) {
		t.Errorf("left are %v, %v", pids, err)
	}
	if err := b.Kill(p.ID); err != nil {
		t.Error(err)
	}
	isEmpty(t, g)
	if err := b.Forget(p.ID); err != nil || !g.Gone() {
		t.Errorf("gone %v, %v", g.Gone(), err)
	}
}

// What cannot be run leaves the group to whoever made it.
func TestProcGroupAfterFailure(t *testing.T) {
	both(t, func(t *testing.T, b bench) {
		g := newGroup(t)
		if _, err := b.Spawn(Spawn{Group: g, Plan: stage.Plan{Command: []string{"/nonexistent"}}}); err == nil {
			t.Error("it was run")
		}
		isEmpty(t, g)
		if g.Gone() {
			t.Error("the group is gone")
		}
		if err := g.Remove(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Spawn(Spawn{Group: g, Plan: stage.Plan{Command: []string{"/bin/true"}}}); err == nil {
			t.Error("it was run in a group that is gone")
		}
	})
}

// A group belongs to a worker also for the next program of the keeper and for the next manager.
func TestProcGroupOutlivesPrograms(t *testing.T) {
	g := newGroup(t)
	h := newHouse(t, program(t, "v2"))
	h.expect("ready", "done")
	id, _, _ := strings.Cut(h.do("bear w "+g.Path()+" "+escaping+"exec sleep 1000"), " ")
	h.upgrade()
	h.expect("ready", "done")
	h.strike()
	h.do("inventory")
	h.expect("kill "+id, "done")
	isEmpty(t, g)
	h.expect("wait "+id, "was killed by SIGKILL")
	h.expect("forget "+id, "done")
	if !g.Gone() {
		t.Error("the group is still there")
	}
}

// A keeper of an earlier version is not asked for what it does not know.
func TestProcGroupOfEarlierKeeper(t *testing.T) {
	b := newRemoteBench(t)
	b.Keeper.(*Client).groups.Store(false)
	_, err := b.Spawn(Spawn{Group: newGroup(t), Plan: stage.Plan{Command: []string{"/bin/true"}}})
	if err == nil || !strings.Contains(err.Error(), "earlier version") {
		t.Errorf("error %v", err)
	}
}

func TestExitOutOfMemory(t *testing.T) {
	e := Exit{Signal: syscall.SIGKILL, OutOfMemory: "out of memory: limits.memory_max = 1GiB"}
	if got, want := e.String(), "was killed by SIGKILL (out of memory: limits.memory_max = 1GiB)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
