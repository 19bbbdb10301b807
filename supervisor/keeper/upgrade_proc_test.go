//go:build linux

package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// runs tells which program the keeper is.
func (h *house) runs() string {
	h.t.Helper()
	return filepath.Base(must(os.Readlink(fmt.Sprintf("/proc/%d/exe", h.cmd.Process.Pid))))
}

// upgrade has the manager ask for an upgrade that works, up to the hello of the new one.
func (h *house) upgrade() {
	h.t.Helper()
	h.tell("upgrade")
	h.meet()
}

func TestProcUpgrade(t *testing.T) {
	h := newHouse(t, program(t, "v2"))
	h.expect("ready", "done")
	h.expect("hold web through", "done")
	h.expect("save state one", "done")
	id, pid := h.spawn("w", "exit 3")
	runs, runner := h.spawn("v", "exec sleep 1000")
	h.expect("wait "+id, "exited with status 3")
	h.upgrade()
	h.greets(" v2 trial=true", `failed=""`)
	all := fmt.Sprintf("state=one web %s:w:%d %s:v:%d", id, pid, runs, runner)
	h.expect("inventory", all)
	h.expect("ready", "done")
	if got := h.runs(); got != "v2" {
		t.Errorf("the keeper runs %s", got)
	}
	h.expect("inventory", all)
	h.expect("wait "+id, "exited with status 3")
	h.expect("forget "+id, "done")
	another, _ := h.spawn("u", "exit 4") // ids go on
	h.expect("wait "+another, "exited with status 4")
	if number(t, another) != 3 {
		t.Errorf("the third worker is %s", another)
	}
	h.expect("forget "+another, "done")
	h.strike()
	h.greets(" v2 trial=false", `before="was killed by SIGKILL"`)
	h.expect("read web", "through")
	h.expect("inventory", fmt.Sprintf("state=one web %s:v:%d", runs, runner))
	orphans(t, h, h.cmd.Process.Pid) // it still adopts them
	for _, w := range strings.Fields(h.do("inventory"))[3:] {
		w, _, _ = strings.Cut(w, ":")
		h.expect("wait "+w, "exited with status 0")
		h.expect("forget "+w, "done")
	}
	h.expect("kill "+runs, "done")
	h.expect("wait "+runs, "was killed by SIGKILL")
}

// Signals that come while the keeper changes its program: those to the manager alone
// arrive, and none ends it.
func TestProcUpgradeLosesNoSignal(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	for i := range 20 {
		h.upgrade()
		h.tell("ready")
		for n := range i * 20000 {
			_ = n // sooner or later into the change
		}
		for _, sig := range []unix.Signal{unix.SIGUSR1, unix.SIGUSR2} {
			h.signal(sig)
		}
		if got := h.line(); got != "done" {
			t.Fatalf("ready: %s", got)
		}
		got := map[string]bool{h.do("signals"): true, h.do("signals"): true}
		if !got["user defined signal 1"] || !got["user defined signal 2"] {
			t.Fatalf("round %d: got %v", i, got)
		}
	}
}

// SIGHUP may come too early or too late to be heard, but it ends nothing.
func TestProcUpgradeOutlivesHangup(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	for i := range 20 {
		h.upgrade()
		h.tell("ready")
		for n := range i * 20000 {
			_ = n
		}
		for range 10 {
			h.signal(unix.SIGHUP)
		}
		if got := h.line(); got != "done" {
			t.Fatalf("ready: %s", got)
		}
	}
}

// What came before the change and was not asked for is handed over.
func TestProcUpgradeHandsSignalsOver(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	h.upgrade()
	for _, sig := range []unix.Signal{unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTERM} {
		h.signal(sig)
	}
	h.expect("ready", "done")
	got := make(map[string]bool)
	for range 4 {
		got[h.do("signals")] = true
	}
	if len(got) != 4 || !got["terminated"] || !got["hangup"] {
		t.Errorf("got %v", got)
	}
	h.strike()
	h.greets("stopping=1")
}

func TestProcUpgradeThatFails(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	tests := map[string]string{
		"/bin/false":          "the new program's manager exited with status 1",
		missing:               "no such file or directory",
		program(t, "dies"):    "the new program's manager exited with status 6",
		program(t, "refuses"): "the new program's manager says: line 3 is wrong",
		program(t, "hangs"):   "the new program's manager did not report within 300ms",
	}
	for file, want := range tests {
		t.Run(filepath.Base(file), func(t *testing.T) {
			patience := "1m"
			if filepath.Base(file) == "hangs" {
				patience = "300ms"
			}
			h := newHouse(t, file, "TEST_PATIENCE="+patience)
			h.expect("ready", "done")
			h.expect("hold web through", "done")
			id, pid := h.spawn("w", "exec sleep 1000")
			own := h.runs()
			for range 2 {
				h.refused("upgrade", want)
			}
			h.expect("inventory", fmt.Sprintf("web %s:w:%d", id, pid))
			if !alive(h.manager) || h.runs() != own {
				t.Error("something has changed")
			}
			h.strike()
			h.greets(`failed=""`)
		})
	}
}

// What has taken over but never serves makes room for the old program again.
func TestProcUpgradeThatFailsLate(t *testing.T) {
	for name, tt := range map[string]struct{ patience, want string }{
		"crashes": {"1m", "the new program's manager exited with status 7 before it was ready"},
		"mute":    {"5s", "the new program's manager did not report within 5s before it was ready"}, // it does report that it could take over
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // one waits for its time to pass
			want := tt.want
			h := newHouse(t, program(t, name), "TEST_PATIENCE="+tt.patience)
			h.expect("ready", "done")
			id, pid := h.spawn("w", "exec sleep 1000")
			own := h.runs()
			h.upgrade()
			if name == "mute" {
				h.meet()
			}
			h.greets(" "+own+" trial=false", `failed="`+want+`"`)
			h.expect("inventory", fmt.Sprintf("%s:w:%d", id, pid))
			h.strike()
			h.greets(`failed="` + want) // until one was ready
			h.expect("ready", "done")
			h.strike()
			h.greets(`failed=""`)
		})
	}
}

// The program is gone when the keeper wants to become it: the upgrade is done but
// for that, and nothing is lost.
func TestProcUpgradeKeeperStays(t *testing.T) {
	file := program(t, "v2")
	h := newHouse(t, file)
	own := h.runs()
	h.expect("ready", "done")
	h.expect("hold web through", "done")
	h.upgrade()
	if err := os.Rename(file, file+"-away"); err != nil {
		t.Fatal(err)
	}
	h.refused("ready", "in place of the keeper: no such file or directory")
	if got := h.runs(); got != own {
		t.Errorf("the keeper runs %s", got)
	}
	h.signal(unix.SIGHUP)
	h.expect("signals", "hangup")
	id, _ := h.spawn("w", "exec sleep 1000")
	if err := os.Rename(file+"-away", file); err != nil {
		t.Fatal(err)
	}
	h.upgrade()
	h.expect("ready", "done")
	if got := h.runs(); got != "v2" {
		t.Errorf("the keeper runs %s", got)
	}
	h.expect("read web", "through")
	h.expect("kill "+id, "done")
}

// Two at a time would be one too many.
func TestProcUpgradeOnce(t *testing.T) {
	file := program(t, "hangs")
	h := newHouse(t, file, "TEST_PATIENCE=1m")
	h.expect(`upgrade-raw {"seq":1000,"kind":"upgrade"}`, "done")
	h.refused("upgrade", "another upgrade is under way")
	h.expect("ready", "done")
	if err := os.Remove(file); err != nil { // so that the next trial ends at once
		t.Fatal(err)
	}
	h.strike() // takes the trial with it, in a moment
	said := h.do("upgrade")
	for strings.Contains(said, "another upgrade is under way") {
		said = h.do("upgrade")
	}
	if !strings.Contains(said, "no such file or directory") {
		t.Errorf("got %q", said)
	}
}

// A keeper that changed its program keeps nothing open but what it should.
func TestProcUpgradeLeaksNothing(t *testing.T) {
	h := newHouse(t, "")
	h.expect("ready", "done")
	h.expect("hold web through", "done")
	open := func() int { return descriptorsOf(t, h.cmd.Process.Pid) }
	var first int
	for i := range 5 {
		h.upgrade()
		h.expect("ready", "done")
		if i == 0 {
			first = open()
		}
	}
	if got := open(); got > first {
		t.Errorf("%d descriptors are open, %d were", got, first)
	}
}
