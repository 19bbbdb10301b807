package supervisor

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// TestStatusOfWorker checks what a worker's words make of its status.
func TestStatusOfWorker(t *testing.T) {
	r := always(manners{})
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		for _, tt := range []struct {
			says notify.Message
			want string
		}{
			{notify.Message{Status: "warm"}, "warm"},
			{notify.Message{Ready: true}, "warm"},
			{notify.Message{Reloading: true}, "reloading"},
			{notify.Message{Ready: true}, ""},
			{notify.Message{Reloading: true, Status: "reading the file"}, "reading the file"},
			{notify.Message{Other: []string{"FDSTORE=1", "X_A=b"}}, "reading the file"},
			{notify.Message{Stopping: true}, "stopping"},
		} {
			r.process(0).says(tt.says)
			if w := b.status().Workers[0]; w.Status != tt.want || w.Phase != "ready" {
				t.Errorf("after %+v: %+v", tt.says, w)
			}
		}
	})
}

// TestWordsOfTheDead checks that what comes after a worker's end changes nothing and that its barrier is let go.
func TestWordsOfTheDead(t *testing.T) {
	r := always(manners{drain: 0})
	onBench(t, ``, r, func(b *bench) {
		b.wants(b.start(), nil)
		r.process(0).exits(1)
		synctest.Wait()
		barrier := &closer{}
		r.process(0).says(notify.Message{Ready: true, WatchdogTrigger: true, WatchdogInterval: time.Second, ExtendTimeout: time.Hour, Barrier: barrier})
		r.process(0).tell(happening{kind: foundReady})
		time.Sleep(time.Minute)
		if st := b.status(); st.State != "running" || len(st.Workers) != 1 || st.Workers[0].PID != 1001 || !barrier.closed {
			t.Errorf("status %+v, barrier %v", st, barrier.closed)
		}
		if got := r.process(1).got(); len(got) > 0 {
			t.Errorf("signals %v", got)
		}
	})
}

// TestClosedListener checks that a closed listener is reported of a worker that is to serve it, and of no other.
func TestClosedListener(t *testing.T) {
	r := always(manners{drain: time.Minute})
	onBench(t, `stop { timeout = "5m" }`, r, func(b *bench) {
		b.wants(b.start(), nil)
		p := r.process(0)
		closes := func() []string {
			b.kinds()
			p.hear()(happening{kind: closedListener, name: "web", err: errors.New("nothing of it has it open")})
			synctest.Wait()
			return slices.DeleteFunc(b.kinds(), func(k string) bool { return !strings.HasPrefix(k, KindWorkerClosed) })
		}
		if got := closes(); len(got) != 1 {
			t.Errorf("while it serves: %v", got)
		}
		stopped := b.stop()
		b.waits(stopped)
		if got := closes(); len(got) > 0 {
			t.Errorf("while it drains: %v", got)
		}
		time.Sleep(2 * time.Minute)
		b.wants(stopped, nil)
		if got := closes(); len(got) > 0 {
			t.Errorf("after its end: %v", got)
		}
	})
}

// TestNothingAfterTheEnd checks that no event tells of a worker after that of its end, whatever is found of it too late.
func TestNothingAfterTheEnd(t *testing.T) {
	r := always(manners{})
	onBench(t, "", r, func(b *bench) {
		b.wants(b.start(), nil)
		p := r.process(0)
		stopped := b.stop()
		b.wants(stopped, nil)
		b.kinds()
		p.mu.Lock()
		p.deaf = errors.New("no such process")
		p.mu.Unlock()
		for kind := launched; kind <= ended; kind++ {
			p.hear()(happening{kind: kind, pid: 7, name: "web", mode: "own", err: errors.New("too late"), message: notify.Message{MainPID: 1}})
		}
		time.Sleep(time.Minute)
		if got := b.kinds(); len(got) > 0 {
			t.Errorf("events %q", got)
		}
		if got := p.got(); len(got) != 1 {
			t.Errorf("signals %v", got)
		}
	})
}

// TestStartedThenStopped checks that a worker that is stopped while it is being spawned gets its signal as soon as it can.
func TestStartedThenStopped(t *testing.T) {
	var p *heldProcess
	synctest.Test(t, func(t *testing.T) {
		cfg := parse(t, `stop { timeout = "5s" }`)
		b := &bench{t: t}
		p = &heldProcess{}
		b.s = newService(cfg.Services[0], cfg, p, noSockets{}, newShelf(), b.record)
		go b.s.loop()
		b.start()
		stopped := b.stop()
		b.waits(stopped)
		p.tell(happening{kind: launched, pid: 7})
		synctest.Wait()
		if d := cmp.Diff([]syscall.Signal{syscall.SIGTERM}, p.got()); d != "" {
			t.Error(d)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if p.kills.Load() != 1 {
			t.Errorf("killed %d times", p.kills.Load())
		}
		p.tell(happening{kind: ended})
		b.wants(stopped, nil)

		b.start() // and once more, past the deadline before it is there
		stopped = b.stop()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if p.kills.Load() != 1 {
			t.Error("something was killed that was not there")
		}
		p.tell(happening{kind: launched, pid: 8})
		synctest.Wait()
		if p.kills.Load() != 2 {
			t.Error("not killed")
		}
		p.tell(happening{kind: ended})
		b.wants(stopped, nil)
		close(b.s.quit)
		<-b.s.done
	})
}

// heldProcess is a runner of one process at a time, which does only what the test says.
type heldProcess struct {
	fakeProcess
	kills atomic.Int32
}

func (p *heldProcess) start(_ spec, tell func(happening)) process { p.tell = tell; return p }
func (p *heldProcess) hasHook(spec, string) bool                  { return false }
func (p *heldProcess) connections(list []holder) []int            { return make([]int, len(list)) }
func (p *heldProcess) hook(spec, string, func(error)) (cancel, release func()) {
	return nil, nil
}
func (p *heldProcess) kill()    { p.kills.Add(1) }
func (p *heldProcess) release() {}
func (p *heldProcess) signal(sig syscall.Signal) error {
	p.signals = append(p.signals, sig)
	return nil
}

// fewSockets can be told to fail, like a registry that has no listener of the name any more.
type fewSockets struct {
	unsteered
	fail atomic.Bool
}

func (f *fewSockets) Acquire([]string, registry.User) ([]*registry.Lease, error) {
	if f.fail.Load() {
		return nil, errors.New(`there is no listener "web"`)
	}
	return nil, nil
}
func (f *fewSockets) Reacquire(registry.User, []registry.LeaseState) ([]*registry.Lease, error) {
	return f.Acquire(nil, registry.User{})
}
func (*fewSockets) Addresses() map[string]fdpass.Address { return nil }
func (*fewSockets) WorkerEvent(registry.WorkerEvent)     {}

// TestSocketsGoneAtRestart checks that a rollout that gets no sockets leaves everything as it is, numbers and settings too.
func TestSocketsGoneAtRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, sockets := parse(t, ``), &fewSockets{}
		b := &bench{t: t, runner: always(manners{})}
		b.s = newService(cfg.Services[0], cfg, b.runner, sockets, newShelf(), b.record)
		go b.s.loop()
		b.wants(b.start(), nil)
		sockets.fail.Store(true)
		next := parse(t, "workers = 3\nnice = 4")
		done := b.ask(operation{kind: opRestart, running: true, cfg: next.Services[0], all: next})
		var rolledBack *RolloutError
		if err := <-done; !errors.As(err, &rolledBack) || rolledBack.Kept != 1 || !strings.Contains(err.Error(), `there is no listener "web"`) {
			t.Errorf("answer %v", err)
		}
		if st := b.status(); st.State != "running" || st.Generation != 1 || len(st.Workers) != 1 || st.Reason == "" || b.s.cfg != cfg.Services[0] {
			t.Errorf("status %+v", st)
		}
		sockets.fail.Store(false)
		b.wants(b.restart(), nil)
		if st := b.status(); st.Generation != 2 || len(st.Workers) != 1 || st.Reason != "" {
			t.Errorf("status %+v", st)
		}
		stopped := b.stop()
		b.wants(stopped, nil)
		sockets.fail.Store(true)
		b.wants(b.start(), errAny)
		sockets.fail.Store(false)
		b.wants(b.start(), nil)
		b.stop()
		close(b.s.quit)
		<-b.s.done
	})
}

// TestBackoffOfSlots checks that a crash while another worker is in backoff does not hurry it.
func TestBackoffOfSlots(t *testing.T) {
	r := always(manners{})
	onBench(t, "workers = 2\nrestart { backoff = \"10s\" }", r, func(b *bench) {
		b.wants(b.start(), nil)
		time.Sleep(time.Second)
		r.process(0).exits(1)
		synctest.Wait()
		r.process(2).exits(1) // its successor: costs ten seconds and more
		synctest.Wait()
		r.process(1).exits(1) // the other slot is at its first failure
		synctest.Wait()
		if got := r.started(); got != 4 {
			t.Errorf("%d processes", got)
		}
		st := b.status()
		if st.State != "degraded" || len(st.Workers) != 2 || st.Workers[0].RetryAt == nil || st.Workers[0].LastExit != "exited with status 1" {
			t.Errorf("status %+v", st)
		}
		time.Sleep(20 * time.Second)
		if st := b.status(); st.State != "running" || r.started() != 5 {
			t.Errorf("%d processes, status %+v", r.started(), st)
		}
	})
}

// TestScaleWaitsForRollout checks that a scale during a rollout comes after it, and holds for what the rollout has left.
func TestScaleWaitsForRollout(t *testing.T) {
	for name, how := range map[string]manners{"well": {readyAfter: time.Second}, "badly": {readyAfter: -1, exitAfter: time.Second, exitCode: 1}} {
		t.Run(name, func(t *testing.T) {
			r := &fakeRunner{behave: func(s spec, _ int) manners {
				if s.generation == 2 {
					return how
				}
				return manners{}
			}}
			onBench(t, "ready { when = \"notify\" }", r, func(b *bench) {
				b.wants(b.start(), nil)
				done := b.restart()
				scaled := b.scale(3)
				b.waits(scaled)
				time.Sleep(3 * time.Second)
				if err := <-done; (err == nil) != (name == "well") {
					t.Errorf("restart: %v", err)
				}
				b.wants(scaled, nil)
				if st := b.status(); len(st.Workers) != 3 || st.State != "running" {
					t.Errorf("status %+v", st)
				}
			})
		})
	}
}

// TestMissed: every kind of readiness that can be waited for in vain says what was.
func TestMissed(t *testing.T) {
	for when, want := range map[string]string{"newline": "READY_FD", "crank": "NOTIFY_FD", "uwsgi": "UWSGI_EMPEROR_FD", "pm2": "NODE_CHANNEL_FD",
		"notify": "NOTIFY_SOCKET", "upstart": "SIGSTOP", "log": "ready.pattern", "http": "ready.url", "exec": "ready.command", "started": "", "auto": ""} {
		if got := missed(when, ""); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", when, got)
		}
		if got := missed(when, "what a check said"); got != ": what a check said" {
			t.Errorf("%s: %q", when, got)
		}
	}
}
