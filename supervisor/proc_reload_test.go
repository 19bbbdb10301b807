package supervisor

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestProcReload(t *testing.T) {
	r := newRig(t, app).started()
	web1, pids := r.address("web"), r.pids("app")
	live := func(text string) config.Changes {
		t.Helper()
		r.rewrite(text)
		changes, err := r.m.Reload(t.Context(), func(Event) {})
		if err != nil {
			t.Errorf("reload: %v", err)
		}
		return changes
	}
	if c := live(app); !c.Empty() {
		t.Errorf("changes %v", c)
	}
	more := strings.Replace(app, `{ address = "tcp://127.0.0.1:0" }`, "{\naddress = \"tcp://127.0.0.1:0\"\nbacklog = 77\n}", 1)
	more = strings.ReplaceAll(more, "workers   = 2", "workers = 3")
	live(more + `
		listener "extra" { address = "tcp://127.0.0.1:0" }
		service "other" {
			command   = ["SELF", "worker", "wait"]
			listeners = ["extra"]
			ready { settle = "10ms" }
		}`)
	st := r.status()
	if b := st.Listeners[0].Backlog; b.Configured != 77 || backlogTold && b.Effective != 77 || len(st.Listeners) != 2 || len(st.Services) != 2 {
		t.Errorf("status %+v", st)
	}
	if got := r.pids("app"); len(got) != 3 || !slices.Equal(got[:2], pids) {
		t.Errorf("pids %v, were %v: a live change restarted workers", got, pids)
	}
	live(more)
	if st := r.status(); len(st.Listeners) != 1 || len(st.Services) != 1 {
		t.Errorf("status %+v", st)
	}
	for _, bad := range []string{"nonsense {", more + `listener "two" { address = "tcp://192.0.2.1:1" }`, more + `service "x" {
		command = ["SELF", "worker", "exists", "DIR"]
		user = "nobody-of-that-name"
	}`} {
		r.rewrite(bad)
		if _, err := r.m.Reload(t.Context(), func(Event) {}); err == nil {
			t.Errorf("reload of %q succeeded", bad)
		}
	}
	if _, err := get(web1); err != nil {
		t.Error(err)
	}
}

// quick is a service that is ready at once, with more attributes.
func quick(name, attributes string) string {
	return "service \"" + name + "\" {\n command = [SLEEP]\n ready { when = \"started\" }\n" + attributes + "\n}\n"
}

// stuck is a service that is never ready and ignores its stop signal.
func stuck(name, attributes string) string {
	return "service \"" + name + "\" {\n command = [\"SELF\", \"worker\", \"hang\"]\n ready { when = \"notify\" }\n stop { timeout = \"200ms\" }\n" + attributes + "\n}\n"
}

// TestProcReloadKeepsListener checks that a service whose new version failed keeps the listener that the file has no longer, for
// whatever comes next.
func TestProcReloadKeepsListener(t *testing.T) {
	r := newRig(t, app).started()
	address := r.address("web")
	if err := r.reload("service \"app\" {\n command = [\"DIR/nothing\"]\n}"); err == nil {
		t.Fatal("a broken version was rolled out")
	}
	pids := r.pids("app")
	slay(t, pids[0])
	r.awaitEvent(func(e Event) bool {
		return e.Kind == KindWorkerReady && e.Generation == 1 && !slices.Contains(pids, e.PID)
	})
	if err := r.restart("app"); err != nil {
		t.Error(err)
	}
	if got, err := get(address); err != nil || !strings.HasPrefix(got, "3 ") {
		t.Errorf("answer %q, %v", got, err)
	}
	if err := r.reload(app); err != nil {
		t.Error(err)
	}
	if got := r.address("web"); got != address {
		t.Errorf("the listener moved from %s to %s", address, got)
	}
}

// TestProcReloadDuringRollout checks that a service can be removed while it is rolled out, and come back.
func TestProcReloadDuringRollout(t *testing.T) {
	r := newRig(t, quick("app", "")+quick("other", "")).started()
	if err := r.reload(quick("other", "") + "service \"app\" {\n command = [SLEEP]\n ready { when = \"notify\" }\n}"); err != nil {
		t.Fatal(err) // readiness is a live change
	}
	restarted := result(func() error { return r.restart("app") })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindStart && e.Service == "app" })
	if err := r.reload(quick("other", "")); err != nil {
		t.Error(err)
	}
	var rolledBack *RolloutError
	if err := r.soon(restarted); !errors.As(err, &rolledBack) {
		t.Errorf("restart: %v", err)
	}
	var unknown *NotFoundError
	if err := r.restart("app"); !errors.As(err, &unknown) {
		t.Errorf("restart of a removed service: %v", err)
	}
	for range 3 {
		if err := r.reload(quick("other", "") + quick("app", "")); err != nil {
			t.Error(err)
		}
		if err := r.reload(quick("other", "")); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(r.dir + "/app*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestProcReloadEndsBackoff checks that what a reload has mended is started at once, whatever the time of the next attempt was.
func TestProcReloadEndsBackoff(t *testing.T) {
	const patient = "\nrestart {\n backoff = \"1h\"\n backoff_max = \"1h\"\n}\n"
	hang := func(ready string) string {
		return `command = ["SELF", "worker", "hang"]` + "\nstop { timeout = \"1ms\" }\n" + ready
	}
	for name, tt := range map[string]struct {
		bad, good  string
		generation int
	}{
		"command":     {`command = ["SELF", "worker", "fail"]`, `command = ["SELF", "worker", "wait"]`, 2},
		"environment": {`command = ["SELF", "worker", "must", "MODE"]`, "command = [\"SELF\", \"worker\", \"must\", \"MODE\"]\nenvironment = { MODE = \"on\" }", 2},
		"readiness":   {hang("ready {\n when = \"notify\"\n timeout = \"10ms\"\n}"), hang(`ready { when = "started" }`), 1},
		"hook": {"command = [SLEEP]\nhooks { before_start = [\"SELF\", \"worker\", \"exists\", \"DIR/nothing\"] }",
			"command = [SLEEP]\nhooks { before_start = [\"SELF\", \"worker\", \"exists\", \"DIR\"] }", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "service \"app\" {\n"+tt.bad+patient+"}\n")
			r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerBackoff })
			if err := r.reload("service \"app\" {\n" + tt.good + patient + "}\n"); err != nil {
				t.Error(err)
			}
			if st := r.status().Services[0]; st.State != "running" || st.Generation != tt.generation || st.Reason != "" {
				t.Errorf("status %+v", st)
			}
		})
	}
}

// TestProcReloadTwice checks that a reload does not begin while another is going on.
func TestProcReloadTwice(t *testing.T) {
	r := newRig(t, quick("app", "")).started()
	first := result(func() error { return r.reload(quick("app", "") + stuck("slow", "")) })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindServiceStarted && e.Service == "slow" })
	if err := r.reload(quick("app", "")); err == nil || !strings.Contains(err.Error(), "still going on") {
		t.Errorf("second reload: %v", err)
	}
	if err := r.m.Stop(t.Context(), "slow", nil); err != nil { // the way out for whoever is in a hurry
		t.Error(err)
	}
	if err := r.soon(first); err == nil {
		t.Error("the service was stopped, and the reload is a success")
	}
	if err := r.reload(quick("app", "")); err != nil {
		t.Error(err)
	}
}

// TestProcReloadOrder checks that depends_on holds for services that a reload adds and removes.
func TestProcReloadOrder(t *testing.T) {
	r := newRig(t, quick("app", "")).started()
	at := r.m.journal.position()
	more := quick("app", "") + quick("a", `depends_on = ["b"]`) + quick("b", `depends_on = ["c"]`) + quick("c", "")
	if err := r.reload(more); err != nil {
		t.Error(err)
	}
	if got := r.order(at, KindWorkerStarted); got != "cba" {
		t.Errorf("started %q", got)
	}
	if err := r.reload(quick("app", "")); err != nil {
		t.Error(err)
	}
	if got := r.order(at, KindServiceStopped); got != "abc" {
		t.Errorf("stopped %q", got)
	}
	missing := "service \"c\" {\n command = [\"DIR/nothing\"]\n}\n"
	err := r.reload(quick("app", "") + quick("a", `depends_on = ["b"]`) + quick("b", `depends_on = ["c"]`) + missing)
	for _, want := range []string{"no such file", `service "c", on which it depends, is not ready`, `service "b", on which it depends`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	err = r.reload(quick("app", "") + quick("a", `depends_on = ["b"]`) + quick("b", `depends_on = ["c"]`) + missing + quick("d", `depends_on = ["c"]`))
	if err == nil || !strings.Contains(err.Error(), `cannot start service "d"`) {
		t.Errorf("reload: %v", err)
	}
}

// order gives the services of the events of a kind, in their order.
func (r *rig) order(at uint64, kind string) string {
	events, _, _ := r.m.journal.since(at)
	var names strings.Builder
	for _, e := range events {
		if e.Kind == kind {
			names.WriteString(e.Service)
		}
	}
	return names.String()
}
