//go:build linux

// Package container_test builds what the Dockerfile of this folder describes, without an image: an empty folder with the files
// that it copies, as the root of process 1 of a new process namespace.
package container_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// initRole makes the test binary what a container runtime is before it executes the entry point.
const initRole = "CONTAINER_TEST_INIT"

func TestMain(m *testing.M) {
	if os.Getenv(initRole) == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // identity belongs to a thread until exec
	fmt.Fprintln(os.Stderr, "cannot start the container:", becomeInit(os.Getenv(initRole)))
	os.Exit(1)
}
