package supervisor

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// adoptable needs what not every machine has.
func adoptable(t *testing.T) {
	t.Helper()
	if err := adopt.Supported(); err == nil {
		return
	} else if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatal(err)
	} else {
		t.Skip(err)
	}
}

func legacy(port, command, more string) string {
	return strings.NewReplacer("PORT", port, "COMMAND", command, "MORE", more).Replace(`
listener "web" {
  address = "tcp4://127.0.0.1:PORT"
  backlog = 99
}
service "app" {
  command   = ["SELF", "worker", COMMAND]
  handoff   = ["adopt"]
  listeners = ["web"]
  stop { signal = "SIGKILL" }
  MORE
}`)
}

// TestProcAdopt restarts a program that knows nothing of supervise, and has another manager go on with it.
func TestProcAdopt(t *testing.T) {
	adoptable(t)
	r := newRig(t, legacy(freePort(t), `"bind", "127.0.0.1:${listener.web.port}"`, "ready {\n when = \"started\"\n }")).started()
	address := r.address("web")
	for generation := 2; generation < 5; generation++ {
		stop := load(address, 4)
		if err := r.restart("app"); err != nil {
			t.Fatal(err)
		}
		r.awaitQuiet("app", 1)
		if n, errs := stop(); len(errs) > 0 {
			t.Errorf("%d of %d: %v", len(errs), n, errs[0])
		}
		if got, err := get(address); got != fmt.Sprint(generation) || err != nil {
			t.Errorf("generation %q answers, %v", got, err)
		}
		before := r.pids("app")
		r.succeed(func(*keeper.Inventory) {})
		w := r.status().Services[0].Workers[0]
		if d := cmp.Diff([]AdoptedStatus{{"web", "inject"}}, w.Adopted); d != "" || w.PID != before[0] || w.NotIntercepted != "" {
			t.Errorf("worker %+v, was %v: %s", w, before, d)
		}
	}
	if l := r.status().Listeners[0]; l.Backlog.Effective != 99 {
		t.Errorf("backlog %+v", l.Backlog)
	}
	if names := r.heldFor("worker/app/"); strings.Count(strings.Join(names, " "), "/adopt/") != 2 {
		t.Errorf("held for the worker: %q", names)
	}
}

// TestProcAdoptElsewhere has a program bind to what is no listener: it is told, and the rollout keeps what serves.
func TestProcAdoptElsewhere(t *testing.T) {
	adoptable(t)
	port, other := freePort(t), freePort(t)
	r := newRig(t, legacy(port, `"bind", "127.0.0.1:${listener.web.port}"`, "")).started()
	err := r.reload(legacy(port, `"bind", "127.0.0.1:`+other+`"`, "ready {\n timeout = \"6s\"\n }"))
	if err == nil || !strings.Contains(err.Error(), "but binds to tcp4://127.0.0.1:"+other) {
		t.Errorf("got %v", err)
	}
	if e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerUnmanaged }); e.Generation != 2 || !strings.Contains(e.Error, "EADDRINUSE") {
		t.Errorf("event %+v", e)
	}
	if got, err := get(r.address("web")); got != "1" || err != nil {
		t.Errorf("generation %q answers, %v", got, err)
	}
}

// TestProcAdoptDeserted has a program with two sockets of its own close one: it goes, and nobody who connects waits at it.
func TestProcAdoptDeserted(t *testing.T) {
	adoptable(t)
	text := legacy(freePort(t), `"twice", "127.0.0.1:${listener.web.port}"`, "ready {\n when = \"started\"\n }")
	r := newRig(t, strings.Replace(text, "backlog = 99", `sharing = "generation"`, 1)).started()
	r.awaitMembers(2)
	if err := r.m.Signal(t.Context(), "app", "USR1"); err != nil {
		t.Fatal(err)
	}
	r.awaitMembers(1)
	for range 20 {
		if got, err := get(r.address("web")); got != "twice" || err != nil {
			t.Fatalf("answer %q, %v", got, err)
		}
	}
}

// awaitMembers waits until the only listener has n sockets.
func (r *rig) awaitMembers(n int) {
	r.t.Helper()
	for range 3000 {
		if len(r.status().Listeners[0].Members) == n {
			return
		}
		<-time.After(10 * time.Millisecond) // there is no event of it
	}
	r.t.Fatalf("it does not get to have %d sockets: %+v", n, r.status().Listeners[0])
}
