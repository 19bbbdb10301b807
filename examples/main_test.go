//go:build linux

package examples_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// stageRole makes the test binary a stage: it sets LISTEN_PID, which nobody else can know, and becomes the
// command in its arguments. supervise has `supervise stage` for this; here no supervise is needed.
const stageRole = "EXAMPLES_TEST_STAGE"

func TestMain(m *testing.M) {
	if os.Getenv(stageRole) == "" {
		os.Exit(m.Run())
	}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, stageRole+"=") })
	env = append(env, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	fmt.Fprintf(os.Stderr, "cannot exec %q: %v\n", os.Args[1], syscall.Exec(os.Args[1], os.Args[1:], env))
	os.Exit(1)
}
