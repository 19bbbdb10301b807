package cgroup

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
)

// testLimits needs the machine: a container has the controllers that are free where it runs.
func testLimits(t *testing.T, p *Place) {
	i := instance(t, p, "limits")
	l := Limits{Memory: 32 << 20, CPU: 0.5, PIDs: 20}
	if err := p.Offers(l.Controllers()); err != nil && cgrouptest.Inside() == "machine" {
		t.Fatal(err)
	} else if err != nil {
		return
	}
	if err := i.Enable(l.Controllers(), os.Getpid()); err != nil {
		t.Fatal(err)
	}
	t.Run("files", func(t *testing.T) { testFiles(t, group(t, i, "files", l), l) })
	t.Run("memory", func(t *testing.T) { testMemory(t, group(t, i, "memory", l)) })
	t.Run("pids", func(t *testing.T) { testPIDs(t, group(t, i, "pids", l), l) })
	t.Run("none", func(t *testing.T) {
		if _, killed := group(t, i, "none", Limits{}).OutOfMemory(); killed {
			t.Error("out of memory without a limit")
		}
	})
}

func testFiles(t *testing.T, g *Group, l Limits) {
	want := map[string]string{"memory.max": "33554432", "memory.oom.group": "1", "cpu.max": "50000 100000", "pids.max": "52"}
	for name, value := range want {
		if got := strings.Join(g.words(name), " "); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if err := g.Settle(l); err != nil || strings.Join(g.words("pids.max"), " ") != "20" {
		t.Errorf("pids.max is %v, %v", g.words("pids.max"), err)
	}
	if limit, killed := g.OutOfMemory(); killed {
		t.Errorf("out of memory: %q", limit)
	}
}

func testMemory(t *testing.T, g *Group) {
	if _, line := start(t, g, "eat"); line != "" {
		t.Errorf("it has taken all the memory it wanted: %s", line)
	}
	if limit, killed := g.OutOfMemory(); !killed || limit != "32MiB" {
		t.Errorf("killed %v, limit %q", killed, limit)
	}
}

// A process that forks as fast as it can is stopped at the limit, and the whole of it can be killed.
func testPIDs(t *testing.T, g *Group, l Limits) {
	if err := g.Settle(l); err != nil {
		t.Fatal(err)
	}
	_, line := start(t, g, "bomb")
	n, err := strconv.Atoi(line)
	if err != nil || n == 0 || n >= int(l.PIDs) {
		t.Errorf("%q processes started: %v", line, err)
	}
	pids, err := g.Procs()
	if err != nil || len(pids) > int(l.PIDs) {
		t.Errorf("%d processes, %v", len(pids), err)
	}
}
