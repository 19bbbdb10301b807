//go:build linux

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProcReaderGone takes one line of supervise's output and goes away, like head -1: services go on.
func TestProcReaderGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &site{dir: dir, socket: filepath.Join(dir, "c.sock"), log: &record{}, out: w}
	s.write(t, "app.hcl", `service "app" {
  command = ["sh", "-c", "echo one; exec sleep 1000"]
  ready { when = "started" }
}`, 0o644)
	s.launch(t, "--config", "app.hcl")
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "app.1") {
		t.Errorf("%q, %v", line, err)
	}
	r.Close()
	s.restart(t)
	s.restart(t)
	if state := s.status(t).Services[0].State; state != "running" {
		t.Errorf("app is %s", state)
	}
}
