//go:build linux

// Package container_test builds what the Dockerfile of this folder describes, without an image: an empty folder with the files
// that it copies, as the root of process 1 of a new process namespace.
package container_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
)

// Roles in which the test binary is another program.
const (
	initRole   = "CONTAINER_TEST_INIT"   // what a container runtime is before it executes the entry point; its value is a spec
	orphanRole = "CONTAINER_TEST_ORPHAN" // leaves a child behind, which is the one with orphanRole=child
)

func TestMain(m *testing.M) {
	switch os.Getenv(orphanRole) {
	case "":
	case "child":
		_, err := io.Copy(io.Discard, os.Stdin)
		exit(err)
	default:
		exit(leaveOrphan())
	}
	if os.Getenv(initRole) == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // identity belongs to a thread until exec
	exit(becomeInit(os.Getenv(initRole)))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
