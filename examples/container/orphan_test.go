//go:build linux

package container_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProcOrphan lets a process end whose parent is gone: process 1 is its parent now and must reap it.
func TestProcOrphan(t *testing.T) {
	c := start(t, spec{})
	c.addOrphan()
	orphan := c.exec("/bin/orphan")
	stdin, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	orphan.Stdin = stdin
	out, err := orphan.Output()
	stdin.Close()
	if err != nil {
		t.Fatal(err)
	}
	proc := c.proc(strings.TrimSpace(string(out)))
	text, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil || !strings.Contains(string(text), "\nPPid:\t1\n") {
		t.Fatalf("the orphan is not the child of process 1: %v\n%s", err, text)
	}
	w.Close() // and so it ends
	for late := time.Now().Add(soon); ; c.must("/bin/supervise", "status") {
		if _, err := os.Stat(proc); err != nil {
			break
		}
		if time.Now().After(late) {
			t.Fatal("the orphan is still a zombie")
		}
	}
	if err := ask(c.connect()); err != nil {
		t.Error(err)
	}
}

// addOrphan puts the program of testdata/orphan into the running container.
func (c *container) addOrphan() {
	c.t.Helper()
	orphan := exec.CommandContext(c.t.Context(), "go", "build", "-o", fmt.Sprintf("/proc/%d/root/bin/", c.init.Process.Pid), "./testdata/orphan")
	orphan.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := orphan.CombinedOutput(); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
}

// proc is a process of the container in the container's own /proc.
func (c *container) proc(pid string) string {
	return fmt.Sprintf("/proc/%d/root/proc/%s", c.init.Process.Pid, pid)
}
