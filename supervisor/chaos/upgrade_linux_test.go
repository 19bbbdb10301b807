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
	from   string // the first kind that is counted; "" any
	passed []string
}

func (c *countdown) answer(_ context.Context, p point) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	kind, request := strings.CutPrefix(p.what, "request/")
	switch {
	case !request || !c.armed || c.from != "" && c.from != kind:
		return goOn
	case c.left == 0:
		c.armed = false
		c.passed = append(c.passed, c.how+" "+kind)
		return c.how
	}
	c.left--
	c.from = ""
	c.passed = append(c.passed, kind)
	return goOn
}

// arm begins to count at the next request of kind from, at the next of any when that is "".
func (c *countdown) arm(left int, how, from string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.left, c.how, c.from, c.passed = true, left, how, from, nil
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
// over: the old program goes on, and says so. From the moment in which the keeper runs the new one, that does.
func TestProcChaosUpgradeCrashes(t *testing.T) {
	for _, how := range []string{before, after} {
		t.Run(how, func(t *testing.T) {
			s := newSite(t, plain(2, ""))
			s.installProxy(t)
			unharmed(t, s.load(t, few, 1, 10, func(int) { s.crashUpgrades(t, how) }))
		})
	}
}

// crashUpgrades ends with an upgrade that was not crashed.
func (s *site) crashUpgrades(t testing.TB, how string) {
	var c countdown
	s.gate.rule(c.answer)
	begin := s.mustStatus(t)
	for n := 0; !t.Failed(); n++ {
		c.arm(n, how, "welcome")
		code, out := s.verb(t, "upgrade")
		passed, whole := c.disarm()
		now := s.await(t, "an upgrade is over", settled)
		if diff := cmp.Diff(timeless(begin), timeless(now)); diff != "" {
			t.Errorf("%v: the status is another:\n%s", passed, diff)
		}
		upgraded := runs(t, now.KeeperPID, program)
		if upgraded != (code == 0) || whole && !upgraded {
			t.Errorf("%v: exit code %d, upgraded: %v: %s", passed, code, upgraded, out)
		}
		if !sameProgram(t, now.ManagerPID, now.KeeperPID) {
			t.Errorf("%v: keeper and manager run different programs", passed)
		}
		s.noStrays(t, now)
		if upgraded {
			t.Logf("%d ways to fail %s a request: %v", n, how, passed)
			return
		}
	}
}

// sameProgram is whether two processes run the same file.
func sameProgram(t testing.TB, a, b int) bool {
	t.Helper()
	return runs(t, a, fmt.Sprintf("/proc/%d/exe", b))
}
