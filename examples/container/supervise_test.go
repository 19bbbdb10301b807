//go:build linux

package container_test

import (
	"encoding/json"
	"strings"
	"testing"
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

// start builds the image and runs it until it serves.
func start(t *testing.T, s spec) *container {
	t.Helper()
	t.Parallel()
	needRoot(t)
	i := buildImage(t)
	s.Root, s.Command = i.root, i.command
	c := run(t, s)
	c.says(ready)
	return c
}
