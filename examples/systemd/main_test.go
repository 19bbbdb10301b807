//go:build linux

// Package systemd_test installs the units of this folder in a real systemd, the init of a small machine made of namespaces, and
// looks at what systemd hears and does.
package systemd_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// bootRole makes the test binary the first process of a machine; its value is the machine's folder.
const bootRole = "SYSTEMD_TEST_BOOT"

// binFolder names the variable for the folder with the programs of all machines.
const binFolder = "SYSTEMD_TEST_BIN"

func TestMain(m *testing.M) {
	dir := os.Getenv(bootRole)
	if dir == "" {
		os.Exit(withFolder(m.Run))
	}
	runtime.LockOSThread() // namespaces belong to a thread until exec
	fmt.Fprintln(os.Stderr, "cannot boot:", bootIn(dir))
	os.Exit(1)
}

// withFolder makes the folder for the programs and removes it.
func withFolder(run func() int) int {
	dir, err := os.MkdirTemp("", "systemd-test-")
	if err == nil {
		err = os.Setenv(binFolder, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot make a folder for the programs:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	return run()
}
