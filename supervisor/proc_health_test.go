//go:build unix

package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// moody is a service whose workers are ill while DIR/ill.GENERATION is there, by both kinds of check.
const moody = web + `
service "app" {
  command   = ["SELF", "worker", "moody", "DIR/ill.${generation}"]
  listeners = ["web"]
  ready { when = "notify" }
  health {
    http     = "http://127.0.0.1:${listener.web.port}/"
    interval = "20ms"
    failures = 2
  }
}`

// ail makes the workers of a generation ill, or well again.
func (r *rig) ail(generation, why string) {
	r.t.Helper()
	err := os.WriteFile(filepath.Join(r.dir, "ill."+generation), []byte(why), 0o644)
	if why == "" {
		err = os.Remove(filepath.Join(r.dir, "ill."+generation))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
}

// awaitHealth waits until the first worker of the service is as described.
func (r *rig) awaitHealth(want string) {
	r.t.Helper()
	for range 3000 {
		workers := r.status().Services[0].Workers
		if len(workers) > 0 && workers[0].Health == want {
			return
		}
		_, _, more := r.m.journal.since(r.m.journal.position())
		select {
		case <-more:
		case <-time.After(10 * time.Millisecond): // a check that succeeds is no event
		}
	}
	r.t.Fatalf("health is not %q: %+v", want, r.status().Services[0].Workers)
}

// TestProcHealth: a worker that answers nonsense is replaced; the one after it is, too, until it is well.
func TestProcHealth(t *testing.T) {
	r := newRig(t, moody).started()
	r.awaitHealth("ok")
	pid := r.pids("app")[0]
	stop := load(r.address("web"), 2)
	r.ail("1", "the database is on fire")
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerUnhealthy })
	if e.PID != pid || !strings.HasSuffix(e.Error, ": 500 Internal Server Error: the database is on fire (2 times in a row)") {
		t.Errorf("event %+v", e)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerUnhealthy && e.PID != pid })
	r.ail("1", "")
	r.awaitHealth("ok")
	if _, errs := stop(); len(errs) > 0 {
		t.Errorf("lost: %v", errs)
	}
	if st := r.status().Services[0]; st.State != "running" || st.Generation != 1 || st.Restarts == 0 {
		t.Errorf("status %+v", st)
	}
}

// TestProcHealthOfCandidate: nobody but its check sees the candidate that answers nonsense at a port of its own.
func TestProcHealthOfCandidate(t *testing.T) {
	for kind, checks := range map[string]string{
		"ready, http":     "ready {\n when = \"http\"\n url = \"http://127.0.0.1:PORT/\"\n timeout = \"6s\"\n}",
		"ready, expect":   "ready {\n when = \"http\"\n url = \"http://127.0.0.1:PORT/\"\n expect = \"^1 \"\n timeout = \"6s\"\n}",
		"health, http":    "ready { when = \"notify\" }\nhealth {\n http = \"http://127.0.0.1:PORT/\"\n interval = \"10ms\"\n}",
		"health, expect":  "ready { when = \"notify\" }\nhealth {\n http = \"http://127.0.0.1:PORT/\"\n expect = \"^1 \"\n interval = \"10ms\"\n}",
		"health, command": "ready { when = \"notify\" }\nhealth {\n command = [\"sh\", \"-c\", \"echo looking; test ! -e DIR/ill.${generation}\"]\n interval = \"10ms\"\n}",
		"health, hangs":   "ready { when = \"notify\" }\nhealth {\n command = [\"sh\", \"-c\", \"test ! -e DIR/ill.${generation} || sleep 1000\"]\n timeout = \"2s\"\n failures = 1\n}",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel() // some wait for a time to pass
			want := map[string]string{
				"ready, http": "500 Internal Server Error: no idea", "health, http": "500 Internal Server Error: no idea (3 times in a row)",
				"ready, expect": "the body of the answer does not match expect: 2 ", "health, expect": "the body of the answer does not match expect: 2 ",
				"health, command": `"sh" exited with status 1 (3 times in a row)`, "health, hangs": `"sh" did not end within 2s`,
			}[kind]
			checks = strings.ReplaceAll(checks, "PORT", "${listener.web.port}")
			r := newRig(t, `
				listener "web" { address = "tcp://127.0.0.1:0" }
				service "app" {
					command   = ["SELF", "worker", "moody", "DIR/ill.${generation}"]
					listeners = ["web"]
					rollout { strategy = "replace" } # so that nobody else answers
					`+checks+"\n}").started()
			if !strings.HasSuffix(kind, "expect") {
				r.ail("2", "no idea")
			}
			err := r.restart("app")
			rolledBack := (*RolloutError)(nil)
			if !errors.As(err, &rolledBack) || !strings.Contains(rolledBack.Reason, want) || rolledBack.Kept != 1 {
				t.Errorf("restart: %v, want %q", err, want)
			}
			if kind == "health, command" && !slices.Equal(rolledBack.Output, []string{"looking"}) {
				t.Errorf("output %q", rolledBack.Output)
			}
			if slices.Contains(r.lines("app"), "looking") {
				t.Error("the log is full of checks")
			}
			r.awaitQuiet("app", 1)
			if got, err := get(r.address("web")); err != nil || !strings.HasPrefix(got, "1 ") {
				t.Errorf("answer %q, %v", got, err)
			}
		})
	}
}

// TestProcHealthTakenOver: the next manager goes on with the checks, which have the environment that they had, and with a replacement.
func TestProcHealthTakenOver(t *testing.T) {
	r := newRig(t, strings.NewReplacer(`listeners = ["web"]`, "listeners = [\"web\"]\n environment = { COLOUR = \"blue\" }",
		`http     = "http://127.0.0.1:${listener.web.port}/"`, `command  = ["sh", "-c", "test $COLOUR = blue -a ! -e DIR/ill.${generation}"]`).Replace(moody)).started()
	r.awaitHealth("ok")
	pids := r.pids("app")
	unchanged := func(*keeper.Inventory) {}
	r.succeed(unchanged)
	r.awaitHealth("ok")
	if got := r.pids("app"); !slices.Equal(got, pids) {
		t.Errorf("pids %v, were %v", got, pids)
	}
	r.ail("1", "something")
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerUnhealthy && e.PID == pids[0] })
	r.succeed(unchanged)
	r.ail("1", "")
	r.awaitHealth("ok")
	if got := r.pids("app"); len(got) != 1 || slices.Equal(got, pids) {
		t.Errorf("pids %v, were %v", got, pids)
	}
}

// TestProcWatchdog: a worker that says nothing is taken for one that hangs, and its successor has the same chance.
func TestProcWatchdog(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "watched"]
		ready { when = "notify" }
		health { watchdog = "200ms" }
	}`).started()
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerUnhealthy })
	if !strings.HasSuffix(e.Error, "hangs: no WATCHDOG=1 for 200ms") {
		t.Errorf("event %+v", e)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerReady && e.PID != 0 })
	r.awaitLine("app", "200000 us, for this very process")
}
