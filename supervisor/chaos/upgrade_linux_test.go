package chaos

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runs is whether a process runs the file.
func runs(t testing.TB, pid int, file string) bool {
	t.Helper()
	running, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(running, there)
}

// TestProcChaosUpgrade upgrades under load: keeper and manager run the new program, and nobody notices.
func TestProcChaosUpgrade(t *testing.T) {
	s := newSite(t, plain(2, ""))
	begin := s.mustStatus(t)
	unharmed(t, s.load(t, many, *upgrades, 500, func(int) {
		was := s.mustStatus(t)
		s.install(t, program)
		if code, out := s.verb(t, "upgrade"); code != 0 {
			t.Errorf("exit code %d: %s", code, out)
		}
		now := s.mustStatus(t)
		if now.ManagerPID == was.ManagerPID || now.KeeperPID != was.KeeperPID || now.KeeperPID != s.keeper() {
			t.Errorf("manager %d became %d, keeper %d became %d", was.ManagerPID, now.ManagerPID, was.KeeperPID, now.KeeperPID)
		}
		for _, pid := range []int{now.ManagerPID, now.KeeperPID} {
			if !runs(t, pid, s.path("supervise")) {
				t.Errorf("process %d does not run the new program", pid)
			}
		}
		if diff := cmp.Diff(timeless(begin), timeless(now)); diff != "" {
			t.Errorf("the status is another:\n%s", diff)
		}
		s.noStrays(t, now)
	}))
}

// TestProcChaosUpgradeRefused: programs that cannot go on where this one is change nothing.
func TestProcChaosUpgradeRefused(t *testing.T) {
	s := newSite(t, plain(2, ""))
	programs := map[string]string{
		"/bin/false":        "",
		"no program":        "this is no program\n",
		"ends at once":      "#!/bin/sh\nexit 0\n",
		"another supervise": "#!/bin/sh\nexec " + program + " version\n",
	}
	false, err := os.ReadFile("/bin/false")
	if err != nil {
		t.Fatal(err)
	}
	programs["/bin/false"] = string(false)
	begin := s.mustStatus(t)
	for name, text := range programs {
		s.installText(t, strings.NewReader(text))
		code, out := s.verb(t, "upgrade")
		if code != 1 || !strings.Contains(out, "nothing has changed") {
			t.Errorf("%s: exit code %d: %s", name, code, out)
		}
		now := s.mustStatus(t)
		if diff := cmp.Diff(begin, now); diff != "" {
			t.Errorf("%s: the status is another:\n%s", name, diff)
		}
		s.noStrays(t, now)
	}
}

// countdown lets a number of requests of a proxied manager pass, and then ends it.
type countdown struct {
	mu     sync.Mutex
	armed  bool
	left   int
	how    string // before or after
	passed []string
}

func (c *countdown) answer(_ context.Context, p point) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	kind, request := strings.CutPrefix(p.what, "request/")
	switch {
	case !request || !c.armed:
		return goOn
	case c.left == 0:
		c.armed = false
		c.passed = append(c.passed, c.how+" "+kind)
		return c.how
	}
	c.left--
	c.passed = append(c.passed, kind)
	return goOn
}

// arm begins to count.
func (c *countdown) arm(left int, how string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.left, c.how, c.passed = true, left, how, nil
}

// disarm says what was counted, and whether that was less than wanted.
func (c *countdown) disarm() (passed []string, unharmed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unharmed = c.armed
	c.armed = false
	return slices.Clone(c.passed), unharmed
}

// TestProcChaosUpgradeCrashes kills the new program's manager at each of its requests to the keeper, from its trial to its taking
// over: the old program goes on, and says so.
func TestProcChaosUpgradeCrashes(t *testing.T) {
	s := newSite(t, plain(2, ""))
	s.installProxy(t)
	var c countdown
	s.gate.rule(c.answer)
	unharmed(t, s.load(t, few, 1, 10, func(int) {
		for _, how := range []string{before, after} {
			s.crashUpgrades(t, &c, how)
		}
	}))
}

// crashUpgrades ends with an upgrade that was not crashed, to the program before.
func (s *site) crashUpgrades(t testing.TB, c *countdown, how string) {
	begin := s.mustStatus(t)
	for n := 0; ; n++ {
		c.arm(n, how)
		code, out := s.verb(t, "upgrade")
		passed, whole := c.disarm()
		now := s.await(t, "an upgrade is over", settled)
		if diff := cmp.Diff(timeless(begin), timeless(now)); diff != "" {
			t.Errorf("%v: the status is another:\n%s", passed, diff)
		}
		if whole != (code == 0) {
			t.Errorf("%v: exit code %d: %s", passed, code, out)
		}
		if whole {
			t.Logf("%d ways to fail %s a request: %v", n, how, passed)
			s.installProxy(t)
			return
		}
		if !sameProgram(t, now.ManagerPID, now.KeeperPID) {
			t.Errorf("%v: the manager does not run the old program", passed)
		}
		s.noStrays(t, now)
		if t.Failed() {
			return
		}
	}
}

// sameProgram is whether two processes run the same file.
func sameProgram(t testing.TB, a, b int) bool {
	t.Helper()
	return runs(t, a, fmt.Sprintf("/proc/%d/exe", b))
}
