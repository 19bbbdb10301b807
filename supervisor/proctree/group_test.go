//go:build linux

package proctree

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
)

// TestProcGroup has a process in the group of a tree that nothing else connects with it.
func TestProcGroup(t *testing.T) {
	own, err := cgroup.PathOf(os.Getpid())
	var g *cgroup.Group
	if err == nil {
		g, err = cgroup.At(path.Join(own, fmt.Sprintf("proctreetest-%d", os.Getpid())))
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
	stranger := exec.Command("sleep", "1000")
	stranger.Env = []string{}
	err = g.Use(func(fd int) error {
		stranger.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd, Setsid: true}
		return stranger.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Kill(10 * time.Second); err != nil {
			t.Error(err)
		}
		_ = stranger.Wait()
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	pid := stranger.Process.Pid
	tree := Tree{Root: 1 << 30, Group: g.Path()}
	if !tree.Contains(pid) || !slices.Equal(tree.Members(), []int{pid}) || !slices.Equal(Look().Divide([]Tree{tree})[0], []int{pid}) {
		t.Errorf("contains %v, members %v, divided %v", tree.Contains(pid), tree.Members(), Look().Divide([]Tree{tree}))
	}
	if tree.Contains(os.Getpid()) {
		t.Error("the tree has this process")
	}
	if other := (Tree{Root: 1 << 30, Group: g.Path() + "x"}); other.Contains(pid) || len(other.Members()) > 0 {
		t.Error("a tree with another group has it")
	}
}
