//go:build linux

package container_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ready is what supervise says when the worker serves.
const ready = `worker ready`

func TestProcImage(t *testing.T) {
	c := start(t, spec{})
	var status struct {
		KeeperPID int `json:"keeper_pid"`
		Services  []struct{ State string }
	}
	if err := json.Unmarshal([]byte(c.must("/bin/supervise", "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if status.KeeperPID != 1 || len(status.Services) != 1 || status.Services[0].State != "running" {
		t.Errorf("status %+v", status)
	}
	if err := ask(c.connect()); err != nil {
		t.Error(err)
	}
	late := c.connect()
	// The queue is first in, first out: when a later connection is answered, this one has been accepted.
	if err := ask(c.connect()); err != nil {
		t.Error(err)
	}
	c.terminate()
	c.says(`stopping`)
	if err := ask(late); err != nil {
		t.Error("a connection that was accepted before the stop: ", err)
	}
	c.ends(0)
}

// TestProcReadOnly is what a security context of Kubernetes asks for: no root, and one folder to write into.
func TestProcReadOnly(t *testing.T) {
	c := start(t, spec{UID: 65534, ReadOnly: true, Tmpfs: []string{"/run"}})
	if err := ask(c.connect()); err != nil {
		t.Error(err)
	}
	if out := c.must("/bin/supervise", "status"); !strings.Contains(out, "running") {
		t.Errorf("status:\n%s", out)
	}
	c.terminate()
	c.ends(0)
}

// TestProcOrphan lets a process end whose parent is gone: process 1 is its parent now and must reap it.
func TestProcOrphan(t *testing.T) {
	c := start(t, spec{})
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

// start builds the image and runs it until it serves.
func start(t *testing.T, s spec) *container {
	t.Helper()
	t.Parallel()
	needRoot(t)
	i := buildImage(t)
	s.Root, s.Command = i.root, i.command
	orphan := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(i.root, "bin"), "./testdata/orphan")
	orphan.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := orphan.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := run(t, s)
	c.says(ready)
	return c
}

// proc is a process of the container in the container's own /proc.
func (c *container) proc(pid string) string {
	return fmt.Sprintf("/proc/%d/root/proc/%s", c.init.Process.Pid, pid)
}
