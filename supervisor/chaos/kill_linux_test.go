package chaos

import (
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// plain is a service of workers that take connections.
func plain(workers int, more string) string {
	return fmt.Sprintf(`
listener "web" { address = "tcp://127.0.0.1:0" }
service "app" {
  command   = ["%s", "worker"]
  listeners = ["web"]
  workers   = %d
  ready { when = "notify" }
  %s
}`, self(), workers, more)
}

// killManager kills the manager and waits for the next one. It says how long that took: from the kill to the first answer.
func (s *site) killManager(t testing.TB) (supervisor.Status, time.Duration) {
	t.Helper()
	ctx, cancel := bounded(t)
	defer cancel()
	old := s.manager()
	if old == 0 {
		t.Fatal("there is no manager to kill")
	}
	victim := openProcess(t, old)
	began := time.Now()
	if err := victim.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	victim.gone(t) // who connects from here on meets the next one
	status, err := s.status(ctx)
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	if status.ManagerPID == old {
		t.Fatalf("manager %d answers after its end", old)
	}
	return status, took
}

// starting is how long a program of this size takes to start and end.
func starting(t testing.TB) time.Duration {
	t.Helper()
	began := time.Now()
	if out, err := exec.Command(program, "version").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return time.Since(began)
}

// recoveries are times in order.
type recoveries struct{ took, start []time.Duration }

// beyond are the times beyond the start of a process.
func (r recoveries) beyond() []time.Duration {
	slices.Sort(r.start)
	var list []time.Duration
	for _, d := range r.took {
		list = append(list, d-r.start[len(r.start)/2])
	}
	slices.Sort(list)
	return list
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// recover kills the manager n times under load.
func (s *site) recover(t testing.TB, n int) (r recoveries) {
	t.Helper()
	before := s.mustStatus(t)
	lost := s.load(t, many, n, 1000, func(int) {
		r.start = append(r.start, starting(t))
		status, took := s.killManager(t)
		r.took = append(r.took, took)
		if diff := cmp.Diff(timeless(before), timeless(status)); diff != "" {
			t.Errorf("the next manager knows something else:\n%s", diff)
		}
	})
	unharmed(t, lost)
	return r
}

// timeless leaves out of a status what may differ between a manager and the next.
func timeless(status supervisor.Status) supervisor.Status {
	status.ManagerPID = 0
	listeners := slices.Clone(status.Listeners)
	for i := range listeners {
		listeners[i].Queue = 0
	}
	status.Listeners = listeners
	services := slices.Clone(status.Services)
	for i := range services {
		workers := slices.Clone(services[i].Workers)
		for j := range workers {
			workers[j].Connections = 0
		}
		services[i].Workers = workers
	}
	status.Services = services
	return status
}

// TestProcChaosKillManager: nobody notices.
func TestProcChaosKillManager(t *testing.T) {
	s := newSite(t, plain(2, ""))
	before := pids(s.mustStatus(t), "app")
	r := s.recover(t, *kills)
	after := s.await(t, "everything is ready", settled)
	if diff := cmp.Diff(before, pids(after, "app")); diff != "" {
		t.Errorf("workers are others:\n%s", diff)
	}
	if svc := after.Services[0]; svc.Restarts != 0 || svc.Generation != 1 {
		t.Errorf("%d restarts, generation %d", svc.Restarts, svc.Generation)
	}
	beyond := r.beyond()
	t.Logf("%d kills; recovery beyond the start of a process (%s): median %s, p99 %s, max %s", len(beyond), r.start[len(r.start)/2],
		quantile(beyond, 0.5), quantile(beyond, 0.99), quantile(beyond, 1))
}

// BenchmarkRecovery measures from the kill to the first answer of the next manager, beyond the start of a process.
func BenchmarkRecovery(b *testing.B) {
	s := newSite(b, plain(2, ""))
	b.ResetTimer()
	r := s.recover(b, b.N)
	b.StopTimer()
	beyond := r.beyond()
	b.ReportMetric(0, "ns/op")
	for name, q := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "max-ms": 1} {
		b.ReportMetric(float64(quantile(beyond, q).Microseconds())/1000, name)
	}
}
