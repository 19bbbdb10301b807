//go:build linux

package proctree

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// worker is a process tree with every way to stay in it, and to get out of it.
func worker() node {
	return node{Name: "root", Setsid: true, Children: []node{
		{Name: "child", Children: []node{{Name: "grandchild", Clean: true}}},
		{Name: "session", Setsid: true, Clean: true, Children: []node{{Name: "in-session", Clean: true}}},
		{Name: "left-1", Leaves: true, Children: []node{{Name: "orphan", Clean: true}}},
		{Name: "left-2", Leaves: true, Setsid: true, Children: []node{
			{Name: "left-3", Leaves: true, Children: []node{
				{Name: "daemon", Setsid: true, Rename: "a) (b", Children: []node{{Name: "daemons-child", Clean: true, Setsid: true}}},
			}},
		}},
		{Name: "left-4", Leaves: true, Clean: true, Children: []node{{Name: "stranger", Clean: true, Setsid: true}}},
	}}
}

// belonging are those of worker that are found. The stranger left the session and
// gave up the mark: nothing tells any more where it came from.
var belonging = []string{"child", "daemon", "daemons-child", "grandchild", "in-session", "orphan", "root", "session"}

func uniqueMark(t testing.TB) string { return Mark(fmt.Sprintf("%s.%d", t.Name(), os.Getpid())) }

// names turns pids into the names of g.
func (g grown) names(pids []int) []string {
	var list []string
	for _, pid := range pids {
		name := fmt.Sprint("unknown ", pid)
		for n, p := range g.pids {
			if p == pid {
				name = n
			}
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func (g grown) contained(contains func(pid int) bool) []string {
	return g.names(slices.DeleteFunc(slices.Collect(maps.Values(g.pids)), func(pid int) bool { return !contains(pid) }))
}

func TestProcTree(t *testing.T) {
	g := grow(t, worker(), uniqueMark(t))
	if diff := cmp.Diff(belonging, g.names(Members(g.root))); diff != "" {
		t.Errorf("Members, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(belonging, g.names(Look().Divide([]Tree{Of(g.root)})[0])); diff != "" {
		t.Errorf("Divide, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(belonging, g.contained(func(pid int) bool { return Contains(g.root, pid) })); diff != "" {
		t.Errorf("Contains, -want +got:\n%s", diff)
	}
}

// After the first process is gone, but not reaped, only its parents' chain is lost.
func TestProcTreeOfZombie(t *testing.T) {
	g := grow(t, worker(), uniqueMark(t))
	tree := Of(g.root)
	kill(t, g.root)
	want := []string{"child", "daemon", "daemons-child", "grandchild", "orphan"}
	if diff := cmp.Diff(want, g.names(tree.Members())); diff != "" {
		t.Errorf("Members, -want +got:\n%s", diff)
	}
	if !tree.Contains(g.root) {
		t.Error("a zombie is no longer in its own tree")
	}
	if tree.Contains(g.pids["left-1"]) {
		t.Error("a process that is gone still belongs to the tree")
	}
}

// Once the first process is reaped, its pid may be a stranger's: only the mark counts.
func TestProcTreeOfReapedRoot(t *testing.T) {
	g := grow(t, worker(), uniqueMark(t))
	tree := Of(g.root)
	kill(t, g.root)
	if _, err := syscall.Wait4(g.root, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"child", "daemon", "daemons-child", "grandchild"}
	if diff := cmp.Diff(want, g.names(tree.Members())); diff != "" {
		t.Errorf("Members, -want +got:\n%s", diff)
	}
}

// A pid that has come to mean another process must not be taken for the worker.
func TestProcReusedPID(t *testing.T) {
	g := grow(t, worker(), uniqueMark(t))
	tree := Of(g.root)
	older := Tree{Root: g.root, Start: tree.Start - 1, Mark: Mark("of another worker")}
	if got := older.Members(); got != nil {
		t.Errorf("a reused pid has members %q", g.names(got))
	}
	if older.Contains(g.root) || older.Contains(g.pids["child"]) {
		t.Error("a reused pid was taken for the worker")
	}
}

// TestProcDivide has several trees, one whose first process is gone and one that is not there.
func TestProcDivide(t *testing.T) {
	one, two, cut := grow(t, worker(), uniqueMark(t)), grow(t, worker(), uniqueMark(t)+"2"), grow(t, worker(), uniqueMark(t)+"3")
	trees := []Tree{Of(one.root), Of(two.root), {Root: 1 << 30}, Of(cut.root)}
	kill(t, cut.root)
	if _, err := syscall.Wait4(cut.root, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	got := Look().Divide(trees)
	for i, want := range [][]string{belonging, belonging, nil, {"child", "daemon", "daemons-child", "grandchild"}} {
		g := []grown{one, two, one, cut}[i]
		if diff := cmp.Diff(want, g.names(got[i])); diff != "" {
			t.Errorf("tree %d, -want +got:\n%s", i, diff)
		}
	}
	if got := Look().Divide(nil); len(got) != 0 {
		t.Errorf("of no trees: %v", got)
	}
}

func TestProcStrangers(t *testing.T) {
	g := grow(t, node{Name: "root", Setsid: true}, uniqueMark(t))
	other := grow(t, node{Name: "root", Setsid: true}, uniqueMark(t)+"2")
	for name, pid := range map[string]int{"ourselves": os.Getpid(), "init": 1, "a sibling": other.root, "kthreadd": 2, "nobody": 1 << 30, "zero": 0, "negative": -1} {
		if Contains(g.root, pid) {
			t.Errorf("the tree has %s", name)
		}
	}
	if Contains(1<<30, g.root) {
		t.Error("a process that does not exist has a member")
	}
	if got := Members(1 << 30); got != nil {
		t.Errorf("a process that does not exist has members %v", got)
	}
}

// A root that leads no session must not take its neighbours along: they are in
// supervise's own session.
func TestProcRootInOurSession(t *testing.T) {
	g := grow(t, node{Name: "root", Children: []node{{Name: "child"}}}, uniqueMark(t))
	if diff := cmp.Diff([]string{"child", "root"}, g.names(Members(g.root))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if Contains(g.root, os.Getpid()) {
		t.Error("the tree has its own parent")
	}
}

func TestProcStatOfOurselves(t *testing.T) {
	s, err := readStat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	session, err := unix.Getsid(0)
	if err != nil {
		t.Fatal(err)
	}
	if s.pid != os.Getpid() || s.parent != os.Getppid() || s.group != syscall.Getpgrp() || s.session != session || s.dead() {
		t.Errorf("%+v", s)
	}
	if tree := Of(os.Getpid()); tree.Start != s.start || tree.Root != s.pid {
		t.Errorf("%+v", tree)
	}
}

// kill ends a child and waits until it is a zombie.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkContains(b *testing.B) {
	g := grow(b, worker(), uniqueMark(b))
	tree := Of(g.root)
	for _, name := range []string{"root", "grandchild", "in-session", "daemon", "stranger"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tree.Contains(g.pids[name])
			}
		})
	}
}

func BenchmarkMembers(b *testing.B) {
	g := grow(b, worker(), uniqueMark(b))
	tree := Of(g.root)
	for b.Loop() {
		tree.Members()
	}
	b.ReportMetric(float64(len(Look().all)), "processes")
}

func BenchmarkDivide(b *testing.B) {
	g := grow(b, worker(), uniqueMark(b))
	trees := []Tree{Of(g.root)}
	for b.Loop() {
		Look().Divide(trees)
	}
}
