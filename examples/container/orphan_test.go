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
	orphan.Stdin, orphan.Env = stdin, append(os.Environ(), orphanRole+"=1")
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

// leaveOrphan starts a child that ends with its standard input, says which process that is, and leaves it behind.
func leaveOrphan() error {
	child := exec.Command("/proc/self/exe")
	child.Env = []string{orphanRole + "=child"}
	child.Stdin = os.Stdin
	if err := child.Start(); err != nil {
		return err
	}
	_, err := fmt.Println(child.Process.Pid)
	return err
}

// addOrphan puts this test binary into the running container as /bin/orphan, in a form that needs no libraries.
func (c *container) addOrphan() {
	c.t.Helper()
	path := fmt.Sprintf("/proc/%d/root/bin/orphan", c.init.Process.Pid)
	cmd := exec.CommandContext(c.t.Context(), "go", "test", "-c", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("go test -c: %v\n%s", err, out)
	}
}

// proc is a process of the container in the container's own /proc.
func (c *container) proc(pid string) string {
	return fmt.Sprintf("/proc/%d/root/proc/%s", c.init.Process.Pid, pid)
}
