package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

func TestProcGroups(t *testing.T) { cgrouptest.Container(t, "^TestInside$") }

func TestProcLimits(t *testing.T) { cgrouptest.Machine(t, "^TestInside$") }

// TestInside is run by the two above. The machine has controllers, the container may have none.
func TestInside(t *testing.T) {
	if cgrouptest.Inside() == "" {
		return
	}
	t.Run("born inside", testBornInside)
	t.Run("daemon", testDaemon)
	t.Run("take over", testTakeOverGroups)
	t.Run("left over", testLeftOver)
	place, err := cgroup.Find()
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Offers([]string{"cpu", "memory", "pids"}); err != nil {
		t.Run("refused", testLimitsRefused)
		return
	}
	t.Run("memory", testMemoryMax)
	t.Run("forks", testPIDsMax)
}

// testBornInside asks the first thing that a worker does, and the last thing that is left.
func testBornInside(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["/bin/sh", "-c", "cat /proc/self/cgroup; exec sleep 1000"]
		ready {
			when    = "log"
			pattern = "0::"
		}
		hooks { before_start = ["sh", "-c", "cat /proc/self/cgroup >DIR/hook"] }
		stop { signal = "SIGKILL" }
	}`).started()
	path := r.status().Services[0].Workers[0].Cgroup
	if want := "/supervise-" + groupName(r.dir) + "/app.1.0"; path != want {
		t.Errorf("group %q, want %q", path, want)
	}
	if !slices.Contains(r.lines("app"), "0::"+path) {
		t.Errorf("it says %q", r.lines("app"))
	}
	hook, err := os.ReadFile(filepath.Join(r.dir, "hook"))
	if err != nil || !strings.Contains(string(hook), "/app.1 command\n") {
		t.Errorf("the hook says %q, %v", hook, err)
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Error(err)
	}
	if g, err := cgroup.At(path); err != nil || !g.Gone() {
		t.Errorf("the group is still there: %v", err)
	}
}

// daemon leaves a process that nothing connects with the worker: no parent, no session, no environment.
const daemon = `service "app" {
	command = ["/bin/sh", "-c", <<-EOT
		env -i PATH=$PATH setsid sh -c 'sh -c "echo \$\$ >DIR/daemon; exec sleep 1000" &'
		while [ ! -s DIR/daemon ]; do :; done
		echo up
		exec sleep 1000
	EOT
	]
	ready {
		when    = "log"
		pattern = "^up$"
	}
}`

// daemonOf opens the process that has got away.
func (r *rig) daemonOf() *os.Process {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "daemon"))
	if err != nil {
		r.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || syscall.Kill(pid, 0) != nil {
		r.t.Fatalf("there is no process %q: %v", text, err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// survived is whether a process is there, and no zombie.
func survived(p *os.Process) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func testDaemon(t *testing.T) {
	r := newRig(t, daemon).started()
	p := r.daemonOf()
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Error(err)
	}
	if survived(p) {
		t.Error("the daemon survived")
	}
}

// testTakeOverGroups has the next manager know the group of a worker that it did not start.
func testTakeOverGroups(t *testing.T) {
	r := newRig(t, daemon).started()
	before, p := r.status().Services[0].Workers[0], r.daemonOf()
	r.succeed(func(*keeper.Inventory) {}) // which tidies its folder
	if after := r.status().Services[0].Workers[0]; after.PID != before.PID || after.Cgroup != before.Cgroup || before.Cgroup == "" {
		t.Errorf("worker %+v, was %+v", after, before)
	}
	if err := r.restart("app"); err != nil {
		t.Error(err)
	}
	if survived(p) {
		t.Error("the daemon survived")
	}
	if again := r.status().Services[0].Workers[0].Cgroup; filepath.Dir(again) != filepath.Dir(before.Cgroup) || again == before.Cgroup {
		t.Errorf("the next worker is in %q, this one was in %q", again, before.Cgroup)
	}
}

// testLeftOver begins where another supervise of the same name was killed, keeper and all.
func testLeftOver(t *testing.T) {
	place, err := cgroup.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	before, err := place.Open(groupName(dir))
	if err != nil {
		t.Fatal(err)
	}
	g, err := before.Make("app.1.0", cgroup.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	left := exec.Command("sleep", "1000")
	err = g.Use(func(fd int) error {
		left.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
		return left.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	before.Close()
	local, err := keeper.NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	log := &lockedBuffer{}
	groups := openGroups(Options{Keeper: local, RuntimeDir: dir, Log: hclog.New(&hclog.LoggerOptions{Output: log})})
	defer groups.close()
	if err := left.Wait(); left.ProcessState == nil || left.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v", err)
	}
	if !strings.Contains(log.String(), "killed: count=1") || !g.Gone() {
		t.Errorf("gone %v, log %q", g.Gone(), log)
	}
}

const limited = `service "app" {
	command = ["/bin/sh", "-c", "exec sleep 1000"]
	limits { memory_max = "1GiB" }
	ready { when = "started" }
}`

// testLimitsRefused has no controller: the worker does not run at all, and is told why.
func testLimitsRefused(t *testing.T) {
	r := newRig(t, limited)
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed })
	if !strings.Contains(e.Error, "cannot keep memory_max") || !strings.Contains(e.Error, `"memory"`) || e.PID != 0 {
		t.Errorf("event %+v", e)
	}
	cfg, err := config.Parse("test.hcl", []byte(limited), config.Host{})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := Plan(cfg, os.Environ(), r.dir)
	if err != nil || len(plans) != 1 || !slices.Equal(plans[0].Limits, []string{"memory_max = 1GiB"}) {
		t.Fatalf("plans %+v, %v", plans, err)
	}
	if !slices.ContainsFunc(plans[0].Warnings, func(w string) bool { return strings.Contains(w, `"memory"`) }) {
		t.Errorf("warnings %q", plans[0].Warnings)
	}
}

// testMemoryMax has a worker that takes all it can get, beside one that does not.
func testMemoryMax(t *testing.T) {
	r := newRig(t, `
	service "greedy" {
		command = ["/bin/sh", "-c", "sleep 1000 & echo $! >DIR/daemon; tail /dev/zero"]
		limits {
			memory_max = "32MiB"
			cpu_max    = "50%"
		}
		ready { when = "started" }
	}
	service "modest" {
		command = ["sleep", "1000"]
		ready { when = "started" }
	}`)
	const want = "was killed by SIGKILL (out of memory: limits.memory_max = 32MiB)"
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed })
	if e.Service != "greedy" || !strings.HasSuffix(e.Error, want) {
		t.Errorf("event %+v", e)
	}
	for _, s := range r.status().Services {
		if s.Name == "modest" && (s.Restarts > 0 || s.State != "running") {
			t.Errorf("the other is %+v", s)
		}
	}
}

// testPIDsMax has a worker that forks without end: it gets no further than its limit, and can be stopped.
func testPIDsMax(t *testing.T) {
	r := newRig(t, `service "bomb" {
		command = ["/bin/sh", "-c", "sleep 1000 & echo up; while :; do sleep 1000 & done; sleep 1000"]
		limits { pids_max = 20 }
		ready {
			when    = "log"
			pattern = "(?i)fork"
		}
		restart { when = "never" }
		stop { timeout = "100ms" }
	}`)
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerReady || e.Kind == KindWorkerFailed })
	if e.Kind != KindWorkerReady { // its shell says that it cannot fork
		t.Fatalf("event %+v, lines %q", e, r.lines("bomb"))
	}
	if err := r.m.Stop(t.Context(), "bomb", nil); err != nil {
		t.Error(err)
	}
}
