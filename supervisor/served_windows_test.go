package supervisor

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

const fetched = web + `service "app" {
	command   = ["SELF", "worker", "serve"]
	listeners = ["web"]
	handoff   = ["systemfd"]
	workers   = 2
	ready { when = "notify" }
}`

// TestProcSystemfd restarts workers under load that fetch their socket.
func TestProcSystemfd(t *testing.T) {
	r := newRig(t, fetched).started()
	stop := load(r.address("web"), 4)
	for range 5 {
		if err := r.restart("app"); err != nil {
			t.Error(err)
		}
	}
	n, errs := stop()
	if len(errs) > 0 || n == 0 {
		t.Errorf("%d requests, lost: %v", n, errs)
	}
	if got, err := get(r.address("web")); err != nil || !strings.HasPrefix(got, "6 ") {
		t.Errorf("answer %q, %v", got, err)
	}
}

// TestProcSystemfdRefuses gives the sockets of a worker to its own processes only, and each worker has another secret.
func TestProcSystemfdRefuses(t *testing.T) {
	r := newRig(t, fetched).started()
	first, second := childOf(t, r, 0), childOf(t, r, 1)
	address, secret, other := first.served[0].listener.Addr().String(), first.served[0].secret, second.served[0].secret
	if secret == other || len(secret) < 20 {
		t.Errorf("secrets %q and %q", secret, other)
	}
	for _, said := range []string{secret, other, "", "x"} { // the first would do, and this process is none of the worker's
		if list, err := wire.FetchSystemfd(t.Context(), address, said, os.Getpid(), fdpass.Import); err == nil {
			t.Errorf("%d sockets for %q", len(list), said)
		}
	}
	socket := first.spec.leases[0].Socket()
	if info, err := first.export(socket.Descriptor(), first.process.PID); err != nil || len(info) != fdpass.ExportSize {
		t.Errorf("%d bytes for the worker, %v", len(info), err)
	}
	if _, err := first.export(socket.Descriptor(), second.process.PID); err == nil || !strings.Contains(err.Error(), "process tree") {
		t.Errorf("for another worker: %v", err)
	}
}

func childOf(t *testing.T, r *rig, worker int) *child {
	t.Helper()
	s, err := r.m.find(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan *child, 1)
	s.look(func() { found <- s.current.slots[worker].worker.proc.(*child) })
	return <-found
}
