package supervisor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// manners is how the workers of a fake runner behave. Zero times are at once.
type manners struct {
	startError error
	readyAfter time.Duration // when it says READY=1; negative: never
	exitAfter  time.Duration // by itself, after the start; 0: never
	exitCode   int
	checked    bool // its checks of health are made: one that is good, or one after the other where it is sick
	sick       bool
	drain      time.Duration // from the stop signal to its end; negative: ignores it
}

// fakeRunner is the runner of tests: workers are goroutines in a synctest bubble.
type fakeRunner struct {
	mu      sync.Mutex
	behave  func(s spec, nth int) manners // nth: how many were started before it
	hooks   map[string]error              // hooks that there are, and how they end
	hookFor time.Duration
	all     []*fakeProcess
	ran     []string             // hooks, "before_start.1"
	running map[string]*fakeHook // by id
	mortal  *mortal              // nil: the manager is not killed
}

type fakeProcess struct {
	runner   *fakeRunner
	spec     spec
	manners  manners
	pid      int
	mu       sync.Mutex
	tell     func(happening)
	unheard  []happening // what the manager has not taken in yet
	said     int
	last     *happening // how it ended
	signals  []syscall.Signal
	freed    bool
	followed int
	watched  int          // checks of health that go on
	deaf     error        // what signalling it answers
	open     atomic.Int64 // connections
}

func (r *fakeRunner) start(s spec, tell func(happening)) process {
	r.mortal.risk()
	defer r.mortal.risk()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.all {
		if s.id != "" && p.spec.id == s.id {
			p.takenOver(tell)
			return p
		}
	}
	p := &fakeProcess{runner: r, spec: s, tell: tell, pid: 1000 + len(r.all)}
	if r.behave != nil {
		p.manners = r.behave(s, len(r.all))
	}
	r.all = append(r.all, p)
	go p.live()
	return p
}

// takenOver has a process tell the next manager what the one before has not taken in.
func (p *fakeProcess) takenOver(tell func(happening)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell = tell
	again := slices.Clone(p.unheard)
	last := p.last
	go func() {
		tell(happening{kind: launched, pid: p.pid})
		for _, h := range again {
			tell(h)
		}
		if last != nil {
			tell(*last)
		}
	}()
}

func (p *fakeProcess) live() {
	if p.manners.startError != nil {
		p.end(happening{kind: ended, err: p.manners.startError})
		return
	}
	p.hear()(happening{kind: launched, pid: p.pid})
	if p.manners.readyAfter >= 0 {
		inAWhile(p.manners.readyAfter, func() { p.says(notify.Message{Ready: true}) })
	}
	if p.manners.exitAfter > 0 {
		inAWhile(p.manners.exitAfter, func() { p.exits(p.manners.exitCode) })
	}
}

// hear gives whom the process tells things now.
func (p *fakeProcess) hear() func(happening) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tell
}

// says is a message that waits until a manager has taken it in.
func (p *fakeProcess) says(m notify.Message) {
	p.mu.Lock()
	h := happening{kind: said, message: m}
	h.done = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.unheard = slices.DeleteFunc(p.unheard, func(other happening) bool { return other.pid == h.pid })
	}
	p.said++
	h.pid = p.said // tells one message from another
	p.unheard = append(p.unheard, h)
	tell := p.tell
	p.mu.Unlock()
	tell(h)
}

func (p *fakeProcess) exits(code int) {
	p.end(happening{kind: ended, exit: keeper.Exit{Code: code}})
}

func (p *fakeProcess) end(h happening) {
	p.mu.Lock()
	if p.last != nil {
		p.mu.Unlock()
		return
	}
	p.last = &h
	tell := p.tell
	p.mu.Unlock()
	tell(h)
}

func (p *fakeProcess) signal(sig syscall.Signal) error {
	p.runner.mortal.risk()
	defer p.runner.mortal.risk()
	p.mu.Lock()
	p.signals = append(p.signals, sig)
	deaf := p.deaf
	p.mu.Unlock()
	if deaf != nil {
		return deaf
	}
	if sig == syscall.SIGTERM && p.manners.drain >= 0 {
		inAWhile(p.manners.drain, func() { p.exits(0) })
	}
	return nil
}

func (p *fakeProcess) kill() {
	p.runner.mortal.risk()
	inAWhile(0, func() { p.end(happening{kind: ended, exit: keeper.Exit{Signal: syscall.SIGKILL}}) })
}

func (p *fakeProcess) follow(pid int) error {
	if pid == 1 {
		return errors.New("process 1 is not of the worker's process tree")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.followed = pid
	return nil
}

func (p *fakeProcess) release() {
	p.runner.mortal.risk()
	defer p.runner.mortal.risk()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.freed = true
}

func (p *fakeProcess) seek() {}

func (p *fakeProcess) known() keeper.Process { return keeper.Process{PID: p.pid, Root: p.pid} }

func (p *fakeProcess) output() []string { return []string{"last words"} }

func (p *fakeProcess) got() []syscall.Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.signals)
}

// fakeHook is a hook that runs, or has ended and is not acknowledged.
type fakeHook struct {
	mu    sync.Mutex
	done  func(error)
	ended bool
	err   error
}

func (h *fakeHook) end(err error) {
	h.mu.Lock()
	if h.ended {
		h.mu.Unlock()
		return
	}
	h.ended, h.err = true, err
	done := h.done
	h.mu.Unlock()
	done(err)
}

// connections has each worker say how many it has.
func (r *fakeRunner) connections(list []holder) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := make([]int, len(list))
	for i, h := range list {
		if n := h.process.Root - 1000; n >= 0 && n < len(r.all) {
			counts[i] = int(r.all[n].open.Load())
		}
	}
	return counts
}

func (r *fakeRunner) hasHook(_ spec, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.hooks[name]
	return there
}

func (r *fakeRunner) hook(s spec, name string, done func(error)) (cancel, release func()) {
	r.mortal.risk()
	defer r.mortal.risk()
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.running[s.id]
	if h == nil {
		h = &fakeHook{done: done}
		if r.running == nil {
			r.running = map[string]*fakeHook{}
		}
		r.running[s.id] = h
		r.ran = append(r.ran, fmt.Sprintf("%s.%d", name, s.generation))
		err := r.hooks[name]
		inAWhile(r.hookFor, func() { h.end(err) })
	} else {
		h.mu.Lock()
		h.done = done
		if h.ended {
			go done(h.err)
		}
		h.mu.Unlock()
	}
	cancel = func() { inAWhile(0, func() { h.end(errors.New("cancelled")) }) }
	return cancel, func() {
		r.mortal.risk()
		defer r.mortal.risk()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.running, s.id)
	}
}

func (r *fakeRunner) setHook(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks[name] = err
}

func (r *fakeRunner) dropHook(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.hooks, name)
}

func (r *fakeRunner) hooksRun() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ran)
}

func (r *fakeRunner) setManners(behave func(spec, int) manners) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behave = behave
}

// process gives the nth process that was started.
func (r *fakeRunner) process(nth int) *fakeProcess {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[nth]
}

func (r *fakeRunner) started() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// unsteered is the part of a registry that has nothing to do where no listener has a socket for each generation.
type unsteered struct{}

func (unsteered) Promote(registry.User) error         { return nil }
func (unsteered) Canary(registry.User, float64) error { return nil }
func (unsteered) Rest(registry.User) error            { return nil }
func (unsteered) Probe(registry.User, int, string, netip.AddrPort) (func(), error) {
	return nil, registry.ErrNotSteered
}
func (unsteered) Quiet(registry.User) (int, error) { return 0, nil }

// noSockets stands for the registry where a service has no listeners.
type noSockets struct {
	unsteered
	fail error
}

func (n noSockets) Acquire([]string, registry.User) ([]*registry.Lease, error) { return nil, n.fail }
func (n noSockets) Reacquire(registry.User, []registry.LeaseState) ([]*registry.Lease, error) {
	return nil, n.fail
}
func (noSockets) Addresses() map[string]fdpass.Address { return nil }
func (noSockets) WorkerEvent(registry.WorkerEvent)     {}

// bench is a service under test, in a bubble where time is virtual.
type bench struct {
	t      *testing.T
	s      *service
	runner *fakeRunner
	mu     sync.Mutex
	events []Event
}

// onBench runs f with a service of the given attributes, inside a synctest bubble, and stops the service after it.
func onBench(t *testing.T, attributes string, r *fakeRunner, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := parse(t, attributes)
		b := &bench{t: t, runner: r}
		b.s = newService(cfg.Services[0], cfg, r, noSockets{}, newShelf(), b.record)
		go b.s.loop()
		f(b)
		stopped := b.stop()
		time.Sleep(10 * time.Minute) // virtual: every deadline has passed
		b.wants(stopped, nil)
		for i, p := range r.all {
			if !p.freed {
				t.Errorf("process %d was not released", i)
			}
		}
		close(b.s.quit)
		<-b.s.done
	})
}

func parse(t *testing.T, attributes string) *config.Config {
	t.Helper()
	text := "service \"app\" {\n  command = [\"./app\"]\n" + attributes + "\n}\n"
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{System: "linux", CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// testConfig is parse for those who have no test yet.
func testConfig() (*config.Config, error) {
	return config.Parse("test.hcl", []byte("service \"app\" {\n  command = [\"./app\"]\n}\n"), config.Host{System: "linux", CPUs: 2})
}

func (b *bench) record(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// kinds gives the events so far, "worker.ready.2" with the generation, and forgets them.
func (b *bench) kinds() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		out = append(out, fmt.Sprintf("%s.%d", e.Kind, e.Generation))
	}
	b.events = nil
	return out
}

func (b *bench) ask(op operation) chan error {
	reply := make(chan error, 1)
	op.replies = []chan error{reply}
	b.s.post(func() { b.s.accept(&op) })
	synctest.Wait()
	return reply
}

func (b *bench) start() chan error   { return b.ask(operation{kind: opStart}) }
func (b *bench) restart() chan error { return b.ask(operation{kind: opRestart}) }
func (b *bench) scale(n int) chan error {
	return b.ask(operation{kind: opScale, workers: n})
}

func (b *bench) stop() chan error {
	reply := make(chan error, 1)
	b.s.post(func() { b.s.halt(reply) })
	synctest.Wait()
	return reply
}

// wants checks the answer that has come. A want of nil is success.
func (b *bench) wants(reply chan error, want error) {
	b.t.Helper()
	synctest.Wait()
	select {
	case err := <-reply:
		if (err == nil) != (want == nil) {
			b.t.Errorf("answer %v, want %v", err, want)
		}
	default:
		b.t.Errorf("no answer, want %v", want)
	}
}

// waits checks that no answer has come yet.
func (b *bench) waits(reply chan error) {
	b.t.Helper()
	synctest.Wait()
	select {
	case err := <-reply:
		b.t.Errorf("answer %v came too early", err)
	default:
	}
}

func (b *bench) status() ServiceStatus {
	synctest.Wait()
	c := make(chan ServiceStatus, 1)
	b.s.post(func() { c <- b.s.status() })
	return <-c
}

// live gives how many workers of each generation are in a phase.
func (b *bench) live() map[string]int {
	out := map[string]int{}
	for _, w := range b.status().Workers {
		out[fmt.Sprintf("%s.%d", w.Phase, w.Generation)]++
	}
	return out
}

var errAny = errors.New("any error")

// inAWhile is time.AfterFunc, which in a synctest bubble with the race detector may crash the runtime for a time that is over at once.
func inAWhile(d time.Duration, f func()) {
	if d <= 0 {
		go f()
		return
	}
	time.AfterFunc(d, f)
}
