package supervisor

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// steeredAnd is a service with a socket for each generation at an address, and checks of its own.
func steeredAnd(address, sharing, attributes string) string {
	return `listener "web" {
  address = "` + address + `"
  sharing = "` + sharing + `"
}
service "app" {
  command   = ["SELF", "worker", "moody", "DIR/ill.${generation}"]
  listeners = ["web"]
` + attributes + "\n}\n"
}

// answersOf makes requests until the returned function is called, which gives how many came from each generation, by the first word, and
// what was lost. When it returns, each client has had its first answer.
func answersOf(address string, clients int) func() (map[string]int, []error) {
	var mu sync.Mutex
	var all, begun sync.WaitGroup
	seen, lost, stop := map[string]int{}, []error{}, make(chan struct{})
	for range clients {
		begun.Add(1)
		first := sync.OnceFunc(begun.Done)
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answer, err := get(address)
				mu.Lock()
				if err != nil {
					lost = append(lost, err)
				} else {
					word, _, _ := strings.Cut(answer, " ")
					seen[word]++
				}
				mu.Unlock()
				first()
			}
		})
	}
	begun.Wait()
	return func() (map[string]int, []error) { close(stop); all.Wait(); return seen, lost }
}

// TestProcProbe: a candidate that accepts and answers nonsense, at the very address at which the current generation answers well, is never
// promoted, and no client ever gets to it.
func TestProcProbe(t *testing.T) {
	const notified = "ready { when = \"notify\" }\n"
	for name, tt := range map[string]struct{ address, attributes string }{
		"ready":             {"tcp://127.0.0.1:0", "ready {\n when = \"http\"\n url = \"http://127.0.0.1:${listener.web.port}/\"\n timeout = \"6s\"\n interval = \"20ms\"\n}"},
		"health":            {"tcp://127.0.0.1:0", notified + "health {\n http = \"http://127.0.0.1:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"bake":              {"tcp://127.0.0.1:0", notified + "rollout { bake = \"1h\" }\nhealth {\n http = \"http://127.0.0.1:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"IPv6":              {"tcp://[::1]:0", notified + "health {\n http = \"http://[::1]:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"a name":            {"tcp4://127.0.0.1:0", notified + "health {\n http = \"http://localhost:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"wildcard":          {"tcp4://:0", notified + "health {\n http = \"http://${listener.web.host}:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"both, by IPv4":     {"tcp://:0", notified + "health {\n http = \"http://127.0.0.1:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"both, by IPv6":     {"tcp://:0", notified + "health {\n http = \"http://[::1]:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
		"both, by wildcard": {"tcp://:0", notified + "health {\n http = \"http://[${listener.web.host}]:${listener.web.port}/\"\n interval = \"20ms\"\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, steeredAnd(tt.address, "generation", tt.attributes)).started()
			r.ail("2", "no idea")
			stop := answersOf(loopback(r.address("web")), 2)
			err := r.restart("app")
			rolledBack := (*RolloutError)(nil)
			if !errors.As(err, &rolledBack) || !strings.Contains(rolledBack.Reason, "500 Internal Server Error: no idea") {
				t.Errorf("restart: %v", err)
			}
			if name != "bake" {
				r.ail("1", "old age") // and the other way round: the candidate is well, and the current one is not
				if err := r.restart("app"); err != nil {
					t.Errorf("restart: %v", err)
				}
			}
			seen, lost := stop()
			if len(lost) > 0 || seen["1"] == 0 || seen["no"] > 0 || seen["2"] > 0 {
				t.Errorf("answers %v, lost %v", seen, lost)
			}
		})
	}
}

// loopback is where a wildcard can be reached.
func loopback(address string) string {
	return strings.NewReplacer("[::]", "127.0.0.1", "0.0.0.0", "127.0.0.1").Replace(address)
}

// TestProcProbeWorker: with a socket for each worker only the one is replaced that is ill.
func TestProcProbeWorker(t *testing.T) {
	text := steeredAnd("tcp://127.0.0.1:0", "worker", `workers = 3
		ready { when = "notify" }
		health {
			http     = "http://127.0.0.1:${listener.web.port}/"
			interval = "20ms"
			failures = 2
		}`)
	r := newRig(t, strings.Replace(text, "ill.${generation}", "ill.${worker.index}", 1)).started()
	r.awaitHealth("ok")
	before := r.pids("app")
	r.ail("1", "only me")
	r.awaitEvent(func(e Event) bool {
		return e.Kind == KindWorkerReady && *e.Worker == 1 && e.PID != before[1]
	})
	r.ail("1", "")
	after := r.awaitPids("app", func(workers []WorkerStatus) bool { // the next one may have been ill, too
		well := func(w WorkerStatus) bool { return w.Health == "ok" }
		return len(workers) == 3 && !slices.ContainsFunc(workers, func(w WorkerStatus) bool { return !well(w) })
	})
	err := r.m.Events(t.Context(), false, func(e Event) error {
		if e.Kind == KindWorkerUnhealthy && *e.Worker != 1 {
			t.Errorf("event %+v", e)
		}
		return nil
	})
	if err != nil || after[0] != before[0] || after[2] != before[2] || after[1] == before[1] {
		t.Errorf("pids %v, were %v; %v", after, before, err)
	}
}

// TestProcHeld: nobody gets through to a listener that is held, so its workers are not taken for ill.
func TestProcHeld(t *testing.T) {
	r := newRig(t, moody).started()
	r.awaitHealth("ok")
	if err := r.m.Hold(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	s, err := r.m.find(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan *child, 1)
	s.look(func() { first <- s.current.slots[0].worker.proc.(*child) })
	c := <-first
	if _, err := c.check(t.Context(), "http"); !errors.Is(err, errHeld) {
		t.Errorf("a check found %v", err)
	}
	if err := r.m.Release(t.Context(), "web"); err != nil {
		t.Error(err)
	}
	if _, err := c.check(t.Context(), "http"); err != nil {
		t.Error(err)
	}
	r.awaitHealth("ok")
}
