package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
)

func TestProcContainer(t *testing.T) { cgrouptest.Container(t, "^TestInside$") }

func TestProcMachine(t *testing.T) { cgrouptest.Machine(t, "^TestInside$") }

// TestInside is run by the two above, in a place where all groups are ours.
func TestInside(t *testing.T) {
	where := cgrouptest.Inside()
	if where == "" {
		return
	}
	place, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	if place.group.path != "/" || place.root != (where == "machine") {
		t.Fatalf("found %+v", place)
	}
	for _, tt := range []struct {
		name string
		test func(*testing.T, *Place)
	}{
		{"born inside", testBorn}, {"kill", testKill}, {"kill without cgroup.kill", testKillFrozen}, {"below", testBelow},
		{"instances", testInstances}, {"left over", testLeftOver}, {"tidy", testTidy}, {"reopen", testReopen},
		{"a name twice", testSameName}, {"missing controller", testNotOffered}, {"stranger", testStranger}, {"limits", testLimits},
		{"enable", testEnable}, {"container", testContainer},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, place) })
	}
}

// instance opens one and removes it at the end of the test.
func instance(t *testing.T, p *Place, name string) *Instance {
	t.Helper()
	i, err := p.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := i.Clear(nil, 10*time.Second); err != nil {
			t.Error(err)
		}
		if err := i.Remove(); err != nil {
			t.Error(err)
		}
		i.Close()
	})
	return i
}

func group(t *testing.T, i *Instance, name string, l Limits) *Group {
	t.Helper()
	g, err := i.Make(name, l)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func testBorn(t *testing.T, p *Place) {
	i := instance(t, p, "born")
	g := group(t, i, "app.1/0", Limits{})
	if want := i.group.path + "/app.1.0"; g.Path() != want {
		t.Errorf("path %q, want %q", g.Path(), want)
	}
	pid, line := start(t, g, "stay")
	if line != strconv.Itoa(pid) {
		t.Fatalf("it says %q", line)
	}
	if path, err := PathOf(pid); err != nil || path != g.Path() || !g.Holds(path) {
		t.Errorf("it is in %q, %v", path, err)
	}
	if pids, err := g.Procs(); err != nil || !slices.Equal(pids, []int{pid}) {
		t.Errorf("processes %v, %v", pids, err)
	}
	if empty, err := g.Empty(); err != nil || empty {
		t.Errorf("empty %v, %v", empty, err)
	}
	if err := g.Remove(); err == nil {
		t.Error("a group with a process was removed")
	}
	at, err := At(g.Path())
	if err != nil || *at != *g {
		t.Errorf("At gives %v, %v", at, err)
	}
}

// What has got away from everything else is still in the group.
func testKill(t *testing.T, p *Place) {
	g := group(t, instance(t, p, "kill"), "app", Limits{})
	_, line := start(t, g, "daemon")
	killed(t, g, line, func() error { return g.Kill(10 * time.Second) })
	if err := g.Remove(); err != nil || !g.Gone() {
		t.Error("not removed: ", err)
	}
	if err := g.Kill(time.Second); err != nil {
		t.Error("killing a group that is gone: ", err)
	}
	if empty, err := g.Empty(); err != nil || !empty {
		t.Errorf("one that is gone is empty: %v, %v", empty, err)
	}
}

func testKillFrozen(t *testing.T, p *Place) {
	g := group(t, instance(t, p, "frozen"), "app", Limits{})
	_, line := start(t, g, "daemon")
	killed(t, g, line, g.killFrozen)
}

// killed has the daemon killed, and waits for it.
func killed(t *testing.T, g *Group, line string, kill func() error) {
	t.Helper()
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	if err := kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 10_000); err != nil {
		t.Error(err)
	}
	if empty, err := g.await(10 * time.Second); err != nil || !empty {
		t.Errorf("empty %v, %v", empty, err)
	}
}

// A worker may make groups itself.
func testBelow(t *testing.T, p *Place) {
	g := group(t, instance(t, p, "below"), "app", Limits{})
	below := &Group{path: g.path + "/its", dir: filepath.Join(g.dir, "its")}
	if err := below.Create(); err != nil {
		t.Fatal(err)
	}
	pid, _ := start(t, below, "stay")
	if pids, err := g.Procs(); err != nil || !slices.Equal(pids, []int{pid}) {
		t.Errorf("processes %v, %v", pids, err)
	}
	if path, err := PathOf(pid); err != nil || !g.Holds(path) {
		t.Errorf("%q is not in %q: %v", path, g.path, err)
	}
	if err := g.Kill(10 * time.Second); err != nil {
		t.Error(err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// Two that live have a group each; one that comes after another gets the same.
func testInstances(t *testing.T, p *Place) {
	first, second := instance(t, p, "twice"), instance(t, p, "twice")
	if first.group.path != "/supervise-twice" || second.group.path != "/supervise-twice-2" {
		t.Errorf("paths %q and %q", first.group.path, second.group.path)
	}
	third := instance(t, p, "after")
	third.Close()
	if fourth := instance(t, p, "after"); fourth.group.path != third.group.path {
		t.Errorf("path %q after %q", fourth.group.path, third.group.path)
	}
}

// The next one of the same name clears away what is left, but not what it is to keep.
func testLeftOver(t *testing.T, p *Place) {
	before := instance(t, p, "left")
	dead, alive := group(t, before, "dead", Limits{}), group(t, before, "alive", Limits{})
	pid, _ := start(t, dead, "stay")
	kept, _ := start(t, alive, "stay")
	before.Close()
	after := instance(t, p, "left")
	killed, err := after.Clear(map[string]bool{alive.Path(): true}, 10*time.Second)
	if err != nil || killed != 1 || !dead.Gone() {
		t.Errorf("%d killed, gone %v, %v", killed, dead.Gone(), err)
	}
	if pids, err := alive.Procs(); err != nil || !slices.Equal(pids, []int{kept}) {
		t.Errorf("kept %v, %v (killed was %d)", pids, err, pid)
	}
}

// Whoever comes next removes what another instance has left, if nothing runs in it.
func testTidy(t *testing.T, p *Place) {
	empty, busy, living := instance(t, p, "empty"), instance(t, p, "busy"), instance(t, p, "living")
	group(t, empty, "app", Limits{})
	start(t, group(t, busy, "app", Limits{}), "stay")
	empty.Close()
	busy.Close()
	instance(t, p, "next")
	for _, tt := range []struct {
		i    *Instance
		gone bool
	}{{empty, true}, {busy, false}, {living, false}} {
		if tt.i.group.Gone() != tt.gone {
			t.Errorf("%s: gone %v", tt.i.group.path, tt.i.group.Gone())
		}
	}
}

func testReopen(t *testing.T, p *Place) {
	i := instance(t, p, "reopen")
	number, err := unix.Dup(int(i.File().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
	again, err := Reopen(os.NewFile(uintptr(number), "held"))
	if err != nil || again.group != i.group {
		t.Fatalf("%+v, %v", again, err)
	}
	other := instance(t, p, "reopen")
	if other.group.path == i.group.path {
		t.Error("it was taken over although a descriptor of it is open")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	f, err := os.Open("/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Reopen(f); err == nil {
		t.Error("the place itself was taken for an instance")
	}
}

func testSameName(t *testing.T, p *Place) {
	i := instance(t, p, "same")
	first := group(t, i, "app", Limits{})
	if second := group(t, i, "app", Limits{}); second.Path() != first.Path()+"-2" {
		t.Errorf("%q after %q", second.Path(), first.Path())
	}
}

func testNotOffered(t *testing.T, p *Place) {
	i := instance(t, p, "none")
	err := i.Enable([]string{"nonsense"}, os.Getpid())
	if err == nil || !strings.Contains(err.Error(), `"nonsense"`) || !strings.Contains(err.Error(), "Delegate=yes") {
		t.Errorf("error %v", err)
	}
	if cgrouptest.Inside() == "container" && !slices.Contains(p.group.words("cgroup.controllers"), "memory") {
		if err := p.Offers([]string{"memory"}); err == nil || !strings.Contains(err.Error(), "version 1") {
			t.Errorf("error %v", err)
		}
	}
	if _, err := i.Make("app", Limits{Memory: 1 << 30}); err == nil {
		t.Error("a limit was taken whose controller is not passed on")
	}
}

// A process of somebody else is not moved, and then no controller can be passed on.
func testStranger(t *testing.T, p *Place) {
	offered := p.group.words("cgroup.controllers")
	if p.root || len(offered) == 0 {
		return // nothing has to be moved there
	}
	pid, _ := start(t, &p.group, "stay")
	err := instance(t, p, "stranger").Enable(offered[:1], pid)
	if err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("error %v", err)
	}
}

// A container in the machine has all its controllers.
func testContainer(t *testing.T, p *Place) {
	if !p.root {
		return
	}
	if err := p.group.passOn([]string{"cpu", "memory", "pids"}); err != nil {
		t.Fatal(err)
	}
	cgrouptest.Container(t, "^TestInside$")
}

// Where a controller is asked for, this process moves to the leaf, and Find still knows the place.
func testEnable(t *testing.T, p *Place) {
	offered := p.group.words("cgroup.controllers")
	if len(offered) == 0 {
		return // the container in the machine has some
	}
	i := instance(t, p, "enable")
	for range 2 { // a second time there is nothing to do
		if err := i.Enable(offered[:1], os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	want := "/" + leaf
	if p.root {
		want = "/"
	}
	if path, err := PathOf(os.Getpid()); err != nil || path != want {
		t.Errorf("this process is in %q, want %q: %v", path, want, err)
	}
	if again, err := Find(); err != nil || *again != *p {
		t.Errorf("found %+v, %v", again, err)
	}
	if got := group(t, i, "app", Limits{}).words("cgroup.controllers"); !slices.Equal(got, offered[:1]) {
		t.Errorf("the worker has %v", got)
	}
}
