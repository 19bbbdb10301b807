package registry

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const somaxconn = "/proc/sys/net/core/somaxconn"

// TestProcRaisedSomaxconn follows the advice of the warning: raise net.core.somaxconn, reload. The test runs itself in a network namespace
// of its own, where the limit is its own too.
func TestProcRaisedSomaxconn(t *testing.T) {
	if os.Getenv("REGISTRY_TEST_NAMESPACE") == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestProcRaisedSomaxconn$", "-test.v")
		c.Env = append(os.Environ(), "REGISTRY_TEST_NAMESPACE=1")
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		if os.Geteuid() != 0 { // an ordinary user is root in a user namespace
			c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		}
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	r, _ := open(t, Options{})
	web := listener(t, "web", "tcp4://:0", backlog(200))
	for _, step := range []struct{ limit, want int }{{100, 100}, {150, 150}, {1000, 200}, {50, 200}} {
		if err := os.WriteFile(somaxconn, fmt.Append(nil, step.limit), 0o644); err != nil {
			t.Fatal(err)
		}
		apply(t, r, web)
		if got := r.Status()[0].Backlog.Effective; got != step.want {
			t.Errorf("with somaxconn %d the backlog is %d, want %d", step.limit, got, step.want)
		}
	}
}
