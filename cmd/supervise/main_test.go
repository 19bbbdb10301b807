//go:build linux

package main

import (
	"flag"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files")

// TestMain makes the test binary three programs: the tests, supervise itself (also as a stage, which is `supervise stage`), and a
// worker for it to run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"supervise": main,
		"worker":    work,
	})
}

// program finds one of the three.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
