package supervisor

import (
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestState checks the word for a service at every turn of its life.
func TestState(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: time.Second})
	r.hooks = map[string]error{}
	onBench(t, `ready { when = "notify" }`, r, func(b *bench) {
		want := func(state string) {
			t.Helper()
			if got := b.status().State; got != state {
				t.Errorf("state %q, want %q", got, state)
			}
		}
		want("stopped")
		b.start()
		want("starting")
		time.Sleep(time.Second)
		want("running")
		b.restart()
		want("rolling-out")
		time.Sleep(time.Second)
		want("rolling-out") // the old generation drains
		time.Sleep(time.Second)
		want("running")
		r.process(1).exits(1)
		want("degraded")
		time.Sleep(time.Second)
		want("running")
		b.scale(0)
		time.Sleep(time.Second)
		want("running")
		b.scale(1)
		want("starting")
		b.stop()
		want("stopping")
		time.Sleep(time.Second)
		want("stopped")
		r.setHook("before_start", errors.New("cannot build"))
		b.start()
		want("degraded")
	})
}

// TestStateOfWhatRanOut checks that a rollout of what has run to its end is seen.
func TestStateOfWhatRanOut(t *testing.T) {
	r := always(manners{})
	onBench(t, "ready { when = \"notify\" }\nrestart { when = \"never\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		r.process(0).exits(0)
		if st := b.status(); st.State != "stopped" || st.Reason != "" {
			t.Errorf("status %+v", st)
		}
		r.setManners(func(spec, int) manners { return manners{readyAfter: time.Second} })
		done := b.restart()
		if got := b.status().State; got != "rolling-out" {
			t.Errorf("state %q", got)
		}
		time.Sleep(time.Second)
		b.wants(done, nil)
		if got := b.status().State; got != "running" {
			t.Errorf("state %q", got)
		}
	})
}

// TestStatusKeys checks the names that scripts read.
func TestStatusKeys(t *testing.T) {
	now := time.Unix(0, 0).UTC()
	st := Status{
		Listeners: []ListenerStatus{{Services: []string{}}},
		Services: []ServiceStatus{{
			Workers: []WorkerStatus{{ReadyAt: &now, RetryAt: &now, Status: "s", LastExit: "e"}}, Rollout: &RolloutStatus{}, Reason: "r",
		}},
	}
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"version":`, `"keeper_pid":`, `"manager_pid":`, `"config":`, `"started_at":`,
		`"listeners":[{"name":"","address":"","sharing":"","backlog":{"configured":0,"effective":0},"queue":0,"held":false,"services":[]}]`,
		`"services":[{"name":"","state":"","generation":0,"newest":0,"restarts":0,"wanted":0,"workers":[{"index":0,"generation":0,"pid":0,"phase":"","started_at":`,
		`"ready_at":`, `"connections":0,"status":"s","retry_at":`, `"last_exit":"e"`,
		`"rollout":{"from":0,"to":0,"strategy":"","step":"","ready":0,"workers":0,"started_at":`, `"reason":"r"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// TestSignalAll checks who gets a signal, and what is said when nobody does.
func TestSignalAll(t *testing.T) {
	r := always(manners{readyAfter: time.Second, drain: time.Second})
	onBench(t, `workers = 2`, r, func(b *bench) {
		signal := func() error {
			reply := make(chan error, 1)
			b.s.post(func() { reply <- b.s.signalAll(syscall.SIGHUP) })
			return <-reply
		}
		if err := signal(); err == nil || err.Error() != `cannot signal service "app": it has no running worker` {
			t.Errorf("error %v", err)
		}
		b.start()
		time.Sleep(time.Second)
		b.restart()
		time.Sleep(time.Second)
		synctest.Wait() // two are draining, two serve
		if err := signal(); err != nil {
			t.Error(err)
		}
		for i, want := range [][]syscall.Signal{{15, 1}, {15, 1}, {1}, {1}} {
			if d := cmp.Diff(want, r.process(i).got()); d != "" {
				t.Errorf("process %d: %s", i, d)
			}
		}
		p := r.process(3)
		p.mu.Lock()
		p.deaf = errors.New("operation not permitted")
		p.mu.Unlock()
		if err := signal(); err == nil || !strings.Contains(err.Error(), `of service "app": operation not permitted`) || !strings.Contains(err.Error(), "(pid 1003)") {
			t.Errorf("error %v", err)
		}
		stopped := b.stop() // the stop signal does not reach it; SIGKILL does
		time.Sleep(time.Minute)
		b.wants(stopped, nil)
		if got := b.errorsOf(KindWorkerFailed); len(got) != 1 || got[0] != "operation not permitted" {
			t.Errorf("errors %q", got)
		}
	})
}
