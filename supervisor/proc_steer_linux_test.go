package supervisor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// steered is a service whose generations have a socket each.
func steered(rollout string) string {
	return `
listener "web" {
  address = "tcp://127.0.0.1:0"
  sharing = "generation"
}
service "app" {
  command   = ["SELF", "worker", "serve"]
  listeners = ["web"]
  workers   = 2
  ready { when = "notify" }
  rollout {` + rollout + `}
}`
}

// times is n, or less where everything takes longer.
func times(n int) int {
	if testing.Short() || raceEnabled {
		return n / 10
	}
	return n
}

// aim is whom new connections are for. A connection that begins and is answered within one state of it must be answered by that generation.
type aim struct {
	state atomic.Int64 // generation, and in higher bits the number of changes
}

func (a *aim) set(generation int) {
	a.state.Store(a.state.Load()>>8<<8 + 1<<8 + int64(generation))
}

// shots are connections that were made, by how they ended.
type shots struct {
	mu        sync.Mutex
	answers   map[string]int // by generation
	misguided int
	failures  []error
	refused   int
	stop      chan struct{}
}

// shoot makes one connection after the other until they are stopped.
func (s *shots) shoot(address string, a *aim) {
	for {
		select {
		case <-s.stop:
			return
		default:
		}
		before := a.state.Load()
		answer, err := get(address)
		s.count(answer, err, before&0xff, a.state.Load() == before)
	}
}

func (s *shots) count(answer string, err error, meant int64, steady bool) {
	generation, _, _ := strings.Cut(answer, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failures = append(s.failures, err)
		if errors.Is(err, syscall.ECONNREFUSED) {
			s.refused++
		}
		return
	}
	s.answers[generation]++
	if meant != 0 && steady && fmt.Sprint(meant) != generation {
		s.misguided++
	}
}

// open has n clients shoot until end is called.
func open(address string, a *aim, n int) (s *shots, end func()) {
	s = &shots{answers: map[string]int{}, stop: make(chan struct{})}
	var all sync.WaitGroup
	for range n {
		all.Go(func() { s.shoot(address, a) })
	}
	return s, func() { close(s.stop); all.Wait() }
}

// TestProcExchange switches between two healthy generations under load: no connection is lost, and none that begins after the answer
// reaches the other one.
func TestProcExchange(t *testing.T) {
	for _, sharing := range []string{"generation", "worker"} {
		t.Run(sharing, func(t *testing.T) { exchangeUnderLoad(t, sharing) })
	}
}

func exchangeUnderLoad(t *testing.T, sharing string) {
	r := newRig(t, strings.Replace(steered(` keep_old = "1h" `), `"generation"`, strconv.Quote(sharing), 1)).started()
	address, a := r.address("web"), &aim{}
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	s, end := open(address, a, 8)
	for i := range times(1000) {
		a.set(0)
		to, err := 1, error(nil)
		if i%2 == 0 {
			err = r.m.Rollback(t.Context(), "app", nil)
		} else {
			to, err = 2, r.m.Promote(t.Context(), "app", false, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		a.set(to)
		if answer, err := get(address); err != nil || !strings.HasPrefix(answer, fmt.Sprint(to, " ")) {
			t.Errorf("after switch %d to generation %d: %q, %v", i, to, answer, err)
		}
	}
	end()
	t.Logf("%d switches: %v, %d misguided, %d failed", times(1000), s.answers, s.misguided, len(s.failures))
	if s.misguided > 0 || len(s.failures) > 0 || s.answers["1"] == 0 || s.answers["2"] == 0 {
		t.Errorf("%v, %d misguided, failures %v", s.answers, s.misguided, s.failures)
	}
}

// canary begins one of 5 % without an end.
func (r *rig) canary() {
	r.t.Helper()
	if err := r.m.RestartCanary(r.t.Context(), "app", config.Canary{Share: 0.05}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// TestProcCanaryShare counts who answers while 5 % of new connections are meant for the new generation.
func TestProcCanaryShare(t *testing.T) {
	r := newRig(t, steered("")).started()
	r.canary()
	address, all := r.address("web"), times(20000)
	s := &shots{answers: map[string]int{}}
	for range all {
		answer, err := get(address)
		s.count(answer, err, 0, true)
	}
	share := float64(s.answers["2"]) / float64(all)
	t.Logf("%d connections: %v, %.2f %%", all, s.answers, share*100)
	if low, high := bounds(all); share < low || share > high || len(s.failures) > 0 {
		t.Errorf("%.2f %% of %d connections, want %g to %g; failures %v", share*100, all, low, high, s.failures)
	}
	if err := r.m.Promote(t.Context(), "app", false, nil); err != nil {
		t.Fatal(err)
	}
	if answer, err := get(address); err != nil || !strings.HasPrefix(answer, "2 ") {
		t.Errorf("%q, %v", answer, err)
	}
}

// bounds are the shares that are as good as 5 %: of fewer connections, chance allows more.
func bounds(all int) (low, high float64) {
	if all < 20000 {
		return 0.025, 0.075
	}
	return 0.04, 0.06
}

// TestProcCanaryDies ends a canary under load. What it had accepted goes down with it when it is killed; nobody is refused, and whoever
// waits in its queue is served by the other generation, where this kernel and user can move them there.
func TestProcCanaryDies(t *testing.T) {
	moves := steer.Detect().Migrate == nil
	for name, tt := range map[string]struct {
		signal  syscall.Signal
		clients int
		most    int // that were being answered
	}{"by itself": {syscall.SIGTERM, 8, 0}, "killed": {syscall.SIGKILL, 8, 8}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, steered("")).started()
			address, a := r.address("web"), &aim{}
			for round := range max(times(10), 2) {
				s, end := open(address, a, tt.clients)
				r.canary()
				for _, w := range r.status().Services[0].Workers {
					if w.Generation == round+2 {
						err := syscall.Kill(w.PID, tt.signal)
						if err != nil && err != syscall.ESRCH { // the end of the first may have taken this one along
							t.Fatal(err)
						}
					}
				}
				r.awaitEvent(func(e Event) bool {
					return e.Kind == KindWorkerExited && e.Generation == round+2 || e.Kind == KindRollback && e.Generation == round+2
				})
				r.awaitQuiet("app", 2)
				end()
				if s.refused > 0 || moves && len(s.failures) > tt.most {
					t.Errorf("round %d: %d refused, failures %v of %v", round, s.refused, s.failures, s.answers)
				}
				if answer, err := get(address); err != nil || !strings.HasPrefix(answer, "1 ") {
					t.Errorf("%q, %v", answer, err)
				}
			}
		})
	}
}

// TestProcCanaryTakenOver has managers end in a canary and while a generation is kept: the kernel goes on as it was told, and so do those
// who come after.
func TestProcCanaryTakenOver(t *testing.T) {
	r := newRig(t, steered(` keep_old = "1h" `)).started()
	address, pids := r.address("web"), r.pids("app")
	next := func() { r.succeed(func(*keeper.Inventory) {}) }
	r.canary()
	next()
	st := r.status().Services[0]
	if st.Generation != 1 || st.Rollout == nil || st.Rollout.Step != "canary" || st.Rollout.Share != 0.05 || len(st.Workers) != 4 {
		t.Fatalf("status %+v, rollout %+v", st, st.Rollout)
	}
	answers := map[string]int{}
	for range times(2000) {
		answer, err := get(address)
		if err != nil {
			t.Fatal(err)
		}
		answers[answer[:1]]++
	}
	if n := answers["2"]; n == 0 || n > times(2000)/5 {
		t.Errorf("answers %v", answers)
	}
	if err := r.m.Promote(t.Context(), "app", false, nil); err != nil {
		t.Fatal(err)
	}
	for i, verb := range []func() error{
		func() error { return nil },
		func() error { return r.m.Rollback(t.Context(), "app", nil) },
		func() error { return r.m.Promote(t.Context(), "app", false, nil) },
	} {
		if err := verb(); err != nil {
			t.Fatal(err)
		}
		current := []int{2, 1, 2}[i]
		next()
		st := r.status().Services[0]
		if st.Generation != current || st.Kept == nil || st.Kept.Generation != 3-current || time.Until(st.Kept.Until) < 50*time.Minute || len(st.Workers) != 4 {
			t.Fatalf("status %+v, kept %+v", st, st.Kept)
		}
		if answer, err := get(address); err != nil || !strings.HasPrefix(answer, fmt.Sprint(current, " ")) {
			t.Errorf("%q, %v", answer, err)
		}
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("worker %d of generation 1: %v", pid, err)
		}
	}
}

// TestProcRollbackConfiguration checks that the configuration in force is that of the generation that serves.
func TestProcRollbackConfiguration(t *testing.T) {
	old := steered(` keep_old = "1h" `)
	r := newRig(t, old).started()
	changed := strings.Replace(old, "workers   = 2", "workers   = 3\n  environment = { A = \"1\" }", 1)
	if err := r.reload(changed); err != nil {
		t.Fatal(err)
	}
	if err := r.m.Rollback(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	if st := r.status(); st.Services[0].Wanted != 2 || st.Services[0].Generation != 1 {
		t.Errorf("status %+v", st)
	}
	if err := r.m.Promote(t.Context(), "app", false, nil); err != nil {
		t.Fatal(err)
	}
	if changes, err := r.m.Reload(t.Context(), nil); err != nil || !changes.Empty() {
		t.Errorf("reload of what runs: %v, %v", changes, err)
	}
	if err := r.m.Rollback(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	changes, err := r.m.Reload(t.Context(), nil)
	if err != nil || changes.Empty() {
		t.Errorf("reload of the file after a rollback: %v, %v", changes, err)
	}
	if st := r.status().Services[0]; st.Generation != 3 || st.Wanted != 3 || st.Kept == nil || st.Kept.Generation != 1 {
		t.Errorf("status %+v, kept %+v", st, st.Kept)
	}
}

// TestProcExchangeInterrupted has the manager end when an exchange is saved and the kernel may not know of it: the next one tells the kernel,
// and status says the same as the answers.
func TestProcExchangeInterrupted(t *testing.T) {
	r := newRig(t, steered(` keep_old = "1h" `)).started()
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	address, a := r.address("web"), &aim{}
	s, end := open(address, a, 4)
	for i := range 4 {
		m := r.m
		r.interrupt(func(call string) bool { return call == "save "+stateName("app") }, func() {
			if i%2 == 0 {
				_ = m.Rollback(t.Context(), "app", nil)
			} else {
				_ = m.Promote(t.Context(), "app", false, nil)
			}
		})
		st := r.status().Services[0]
		if want := 1 + i%2; st.Generation != want || st.Kept == nil || st.Kept.Generation != 3-want {
			t.Errorf("interruption %d: status %+v, kept %+v", i, st, st.Kept)
		}
		if answer, err := get(address); err != nil || !strings.HasPrefix(answer, fmt.Sprint(st.Generation, " ")) {
			t.Errorf("interruption %d: %q of generation %d, %v", i, answer, st.Generation, err)
		}
	}
	end()
	if len(s.failures) > 0 {
		t.Errorf("failures %v", s.failures)
	}
}
