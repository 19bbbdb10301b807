package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// rude is a service of workers that drop what they have on their stop signal.
func rude(sharing, pause, stop, rollout string) string {
	return fmt.Sprintf(`
listener "web" {
  address = "tcp://127.0.0.1:0"
  sharing = %q
}
service "app" {
  command   = ["SELF", "worker", "rude", %q]
  listeners = ["web"]
  workers   = 2
  ready { when = "notify" }
  stop {
    %s
  }
  rollout { %s }
}`, sharing, pause, strings.ReplaceAll(stop, ";", "\n   "), rollout)
}

// TestProcDrainSavesEveryRequest restarts servers that know nothing of an end under load: their requests take a time, and none is lost.
func TestProcDrainSavesEveryRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		text     string
		restarts int
	}{
		"300 ms, killed":           {rude("generation", "300ms", `signal = "SIGKILL"`, ""), 10},
		"300 ms, terminated":       {rude("generation", "300ms", `signal = "SIGTERM"`, ""), 3},
		"at once, killed":          {rude("generation", "0s", `signal = "SIGKILL"`, ""), 10},
		"a queue for each worker":  {rude("worker", "30ms", `signal = "SIGKILL"`, ""), 10},
		"one after the other":      {rude("generation", "30ms", `signal = "SIGKILL"`, `strategy = "replace"`), 5},
		"killed without a timeout": {rude("generation", "30ms", `timeout = "0s"`, ""), 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, tt.text).started()
			stop := load(r.address("web"), 16)
			for range max(times(tt.restarts), 2) {
				if err := r.restart("app"); err != nil {
					t.Error(err)
				}
			}
			n, errs := stop()
			if len(errs) > 0 || n == 0 {
				t.Errorf("%d requests, lost: %v", n, errs[:min(len(errs), 5)])
			}
			t.Logf("%d requests, %d lost", n, len(errs))
		})
	}
}

// TestProcDrainIdleClients: who keeps a connection open without using it is waited for until the deadline, and that is told.
func TestProcDrainIdleClients(t *testing.T) {
	r := newRig(t, rude("generation", "0s", `signal = "SIGKILL"; drain = "5s"`, "")).started() // time enough to count them on a busy machine
	idle := keepAlive(t, r.address("web"))
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	r.awaitEvent(func(e Event) bool {
		return e.Kind == KindWorkerDraining && e.Message == "worker has 1 connection after 5s and is stopped all the same"
	})
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on")
	}
}

// TestProcDrainBesideUnix: of a service that has a unix listener too, which goes on with new connections, those are not waited for.
func TestProcDrainBesideUnix(t *testing.T) {
	text := "listener \"side\" { address = \"unix://DIR/side.sock\" }\n" + rude("generation", "30ms", `signal = "SIGKILL"; drain = "1h"`, "")
	r := newRig(t, strings.Replace(text, `["web"]`, `["web", "side"]`, 1)).started()
	keepAlive(t, r.dir+"/side.sock")
	stop := load(r.address("web"), 8)
	for range max(times(3), 2) {
		if err := r.restart("app"); err != nil {
			t.Error(err)
		}
	}
	if n, errs := stop(); len(errs) > 0 || n == 0 {
		t.Errorf("%d requests, lost: %v", n, errs)
	}
}

// TestProcDrainOutlivesTheManager kills the manager while a worker is left alone: the next one lets it finish its request.
func TestProcDrainOutlivesTheManager(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	if err := unix.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, rude("generation", gate, `signal = "SIGKILL"`, "")).started()
	address := r.address("web")
	slow := result(func() error {
		answer, err := get(address)
		if err == nil && !strings.HasPrefix(answer, "1 ") {
			return fmt.Errorf("answer %q", answer)
		}
		return err
	})
	r.awaitPids("app", func([]WorkerStatus) bool { return r.connected("app") > 0 }) // until it has been accepted
	restart := result(func() error { return r.restart("app") })
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerDraining && strings.Contains(e.Message, "1 connection") })
	r.succeed(func(*keeper.Inventory) {})
	<-restart // the one who waited for it has lost the manager
	if err := os.WriteFile(gate, []byte("go on"), 0); err != nil {
		t.Fatal(err)
	}
	if err := r.soon(slow); err != nil {
		t.Error(err)
	}
	r.awaitQuiet("app", 2)
	if st := r.status().Services[0]; st.Generation != 2 {
		t.Errorf("status %+v", st)
	}
}

// TestProcDrainOfAStop: clients of a stopped service are served, new ones wait for the next start.
func TestProcDrainOfAStop(t *testing.T) {
	r := newRig(t, rude("generation", "300ms", `signal = "SIGKILL"`, "")).started()
	stop := load(r.address("web"), 8)
	for range 3 {
		if err := r.m.Stop(t.Context(), "app", nil); err != nil {
			t.Error(err)
		}
		if err := r.m.Start(t.Context(), "app", nil); err != nil {
			t.Error(err)
		}
	}
	if n, errs := stop(); len(errs) > 0 || n == 0 {
		t.Errorf("%d requests, lost: %v", n, errs)
	}
}

// connected is how many connections a service has.
func (r *rig) connected(name string) int {
	_, all := r.open(name)
	return all
}
