package supervisor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
)

// model drives a service at random and knows what has to be true of it after every step.
type model struct {
	*bench
	random  *rand.Rand
	running bool // whether the last start, restart or stop wants it to
	workers int  // what the last scale or changed file wants
	replies []chan error
	steps   []string
	mortal  *mortal // what may kill the manager
	kernel  *kernel
	again   func() // gives the last commands once more
}

// TestRolloutModel does at random what people, workers and hooks can do to a service, in every strategy, and checks after
// each step that the rules hold, and in the end that everything has come to rest where the last command wanted it.
func TestRolloutModel(t *testing.T) {
	seeds := 100
	if testing.Short() {
		seeds = 10
	}
	for _, strategy := range []string{"overlap", "replace", "rolling", steeredModel} {
		for _, when := range []string{"always", "on-failure", "never"} {
			t.Run(strategy+" "+when, func(t *testing.T) {
				for seed := range seeds {
					synctest.Test(t, func(t *testing.T) { runModel(t, strategy, when, uint64(seed), seed%2 == 1) })
					if t.Failed() {
						return
					}
				}
			})
		}
	}
}

func runModel(t *testing.T, strategy, when string, seed uint64, deadly bool) {
	random := rand.New(rand.NewPCG(seed, 1))
	cfg := modelConfig(t, strategy, when, 3, random)
	death := &mortal{left: -1}
	kernel := &kernel{mortal: death}
	runner := &fakeRunner{behave: func(spec, int) manners { return manners{checked: true} }, hooks: map[string]error{}, mortal: death}
	b := &bench{t: t, runner: runner}
	lib := newLibrary(&shelf{texts: map[string][]byte{}, mortal: death}, nil)
	b.s = newService(cfg.Services[0], cfg, runner, kernel, lib, b.record)
	m := &model{bench: b, random: random, workers: 3, mortal: death, kernel: kernel}
	go b.s.loop()
	defer func() {
		close(b.s.quit)
		<-b.s.done
		if t.Failed() {
			t.Logf("seed %d: %s", seed, strings.Join(m.steps, "; "))
		}
	}()
	for range 40 {
		if deadly && random.IntN(4) == 0 {
			death.dieAfter(random.IntN(8))
		}
		m.step(strategy, when)
		synctest.Wait()
		death.dieAfter(-1)
		m.revive()
		synctest.Wait()
		m.checkRules(strategy)
		m.checkKernel()
		if t.Failed() {
			return
		}
	}
	if random.IntN(3) == 0 {
		m.checkKilled()
		return
	}
	m.checkRest(when)
	m.checkStopped()
}

// steeredModel is the strategy overlap with canaries and kept generations.
const steeredModel = "steered"

// modelConfig is a service with a listener that the kernel steers, where the strategy allows it.
func modelConfig(t *testing.T, strategy, when string, workers int, random *rand.Rand) *config.Config {
	attributes := modelAttributes(strings.Replace(strategy, steeredModel, "overlap", 1), when, workers, random)
	switch strategy {
	case "rolling":
		return parse(t, attributes)
	case steeredModel:
	default:
		return steeredConfig(t, attributes)
	}
	some := []string{"", " keep_old = \"4s\"\n", " canary {\n  share = \"30%\"\n  for = \"2s\"\n }\n"}
	extra := some[1+random.IntN(2)] + some[random.IntN(2)]
	if strings.Count(extra, "keep_old") == 2 {
		extra = some[1] + some[2]
	}
	return steeredConfig(t, strings.TrimSuffix(attributes, "}")+"\n"+extra+"}")
}

// modelAttributes is a configuration in which every deadline is short and some things are left to chance.
func modelAttributes(strategy, when string, workers int, random *rand.Rand) string {
	limits := [][2]int{{1, 0}, {2, 0}, {0, 1}, {2, 2}}[random.IntN(4)]
	text := fmt.Sprintf("workers = %d\nready {\n when = \"notify\"\n timeout = \"5s\"\n}\nrestart { when = %q }\n", workers, when)
	text += fmt.Sprintf("stop { timeout = %q }\n", []string{"0s", "3s", "3s"}[random.IntN(3)])
	text += fmt.Sprintf("rollout {\n strategy = %q\n bake = %q\n", strategy, []string{"0s", "2s"}[random.IntN(2)])
	health := []string{"", "health {\n http = \"http://127.0.0.1:1/\"\n failures = 2\n}\n"}[random.IntN(2)]
	text = health + text
	if strategy == "rolling" {
		text += fmt.Sprintf("max_surge = %d\nmax_unavailable = %d\n", limits[0], limits[1])
	}
	return text + "}"
}

// step does one thing.
func (m *model) step(strategy, when string) {
	if often := map[bool]int{true: 4, false: 20}[strategy == steeredModel]; m.random.IntN(often) == 0 {
		m.stepByHand()
		return
	}
	switch n := m.random.IntN(20); n {
	case 0, 1:
		m.running = true
		m.command("start", operation{kind: opStart})
	case 2, 3, 4:
		m.running = true
		m.command("restart", operation{kind: opRestart})
	case 5:
		m.running = false
		m.note("stop")
		m.again = func() {
			reply := m.reply()
			m.s.post(func() { m.s.halt(reply) })
		}
		m.again()
	case 6:
		m.workers = m.random.IntN(5)
		m.command(fmt.Sprint("scale ", m.workers), operation{kind: opScale, workers: m.workers})
	case 7, 8:
		m.reconfigure(strategy, when, operationKind(n-7)+opRestart)
	case 9, 10:
		m.crash()
	case 11, 12:
		m.changeHooks()
	case 13, 14, 15:
		m.changeManners()
	default:
		d := time.Duration(m.random.IntN(3000)) * time.Millisecond
		m.note(d.String())
		time.Sleep(d)
	}
}

// stepByHand does one thing that is more to a steered service than to others. None of them starts or stops the service.
func (m *model) stepByHand() {
	verbs := map[string]func(*service, chan error){
		"promote":  func(s *service, c chan error) { s.promoteNow(false, c) },
		"retire":   func(s *service, c chan error) { s.promoteNow(true, c) },
		"rollback": (*service).rollBack,
	}
	name := []string{"promote", "retire", "rollback", "rollback", "canary"}[m.random.IntN(5)]
	if name == "canary" {
		m.running = true
		m.command(name, operation{kind: opRestart, canary: &config.Canary{Share: 0.2, For: time.Duration(m.random.IntN(2)) * time.Second}})
		return
	}
	m.note(name)
	m.again = func() {
		reply := m.reply()
		m.s.post(func() { verbs[name](m.s, reply) })
	}
	m.again()
}

func (m *model) note(step string) { m.steps = append(m.steps, step) }

// reply makes a channel that notices a second answer.
func (m *model) reply() chan error {
	c := make(chan error, 2)
	m.replies = append(m.replies, c)
	return c
}

func (m *model) command(name string, op operation) {
	m.note(name)
	m.again = func() {
		again := op
		again.replies = []chan error{m.reply()}
		m.s.post(func() { m.s.accept(&again) })
	}
	m.again()
}

// reconfigure does what a reload does. How many workers it leaves depends on how it ends, so a scale follows.
func (m *model) reconfigure(strategy, when string, kind operationKind) {
	if kind != opRestart {
		kind = opAdjust
	}
	cfg := modelConfig(m.t, strategy, when, 1+m.random.IntN(4), m.random)
	m.command(fmt.Sprint("reload ", kind), operation{kind: kind, running: true, cfg: cfg.Services[0], all: cfg})
	reload := m.again
	m.workers = m.random.IntN(5)
	m.command(fmt.Sprint("scale ", m.workers), operation{kind: opScale, workers: m.workers})
	scale := m.again
	m.again = func() { reload(); scale() }
}

// crash ends one of the processes that run, with some exit status.
func (m *model) crash() {
	alive := m.alive()
	if len(alive) == 0 {
		return
	}
	p, code := alive[m.random.IntN(len(alive))], m.random.IntN(2)
	m.note(fmt.Sprintf("worker %d.%d exits with %d", p.spec.generation, p.spec.index, code))
	p.exits(code)
}

func (m *model) alive() []*fakeProcess {
	m.runner.mu.Lock()
	defer m.runner.mu.Unlock()
	var out []*fakeProcess
	for _, p := range m.runner.all {
		p.mu.Lock()
		if !p.freed {
			out = append(out, p)
		}
		p.mu.Unlock()
	}
	return out
}

func (m *model) changeHooks() {
	name := []string{"before_start", "after_ready", "before_stop", "after_stop"}[m.random.IntN(4)]
	m.runner.mu.Lock()
	defer m.runner.mu.Unlock()
	m.runner.hookFor = time.Duration(m.random.IntN(4)) * time.Second
	switch m.random.IntN(3) {
	case 0:
		delete(m.runner.hooks, name)
	case 1:
		m.runner.hooks[name] = nil
	default:
		m.runner.hooks[name] = errors.New("hook failed")
	}
	m.note(fmt.Sprint("hooks ", m.runner.hooks, m.runner.hookFor))
}

func (m *model) changeManners() {
	good := manners{checked: true, readyAfter: time.Duration(m.random.IntN(2000)) * time.Millisecond, drain: time.Duration(m.random.IntN(5000)) * time.Millisecond}
	sick := good
	sick.sick = true
	bad := []manners{
		good, good, sick,
		{readyAfter: -1, drain: -1},
		{startError: errors.New("no such file")},
		{readyAfter: -1, exitAfter: 500 * time.Millisecond, exitCode: 1},
		{checked: true, exitAfter: 1500 * time.Millisecond, exitCode: m.random.IntN(2)},
	}[m.random.IntN(7)]
	m.note(fmt.Sprintf("manners %+v", bad))
	var one sync.Mutex
	random := rand.New(rand.NewPCG(m.random.Uint64(), 2))
	m.runner.setManners(func(spec, int) manners {
		one.Lock()
		defer one.Unlock()
		if random.IntN(3) == 0 {
			return good
		}
		return bad
	})
}

// checkRules checks in the loop of the service what has to hold at every moment.
func (m *model) checkRules(strategy string) {
	checked := make(chan struct{})
	m.s.post(func() {
		defer close(checked)
		m.checkPlaces()
		m.checkMended()
		r := m.s.rollout
		if r == nil || r.failed != nil || r.to.promoted || m.s.halting {
			return
		}
		switch strategy {
		case "overlap", steeredModel:
			for _, sl := range r.from.active() {
				if sl.worker != nil && sl.worker.phase == draining && !sl.wasCut() && sl.worker.failure == "" {
					m.t.Errorf("old worker %d is stopped before the new generation is promoted", sl.index)
				}
			}
		case "replace":
			if from, to := r.from.count(isThere), r.to.count(isThere); from > 0 && to > 0 {
				m.t.Errorf("%d old and %d new workers at once", from, to)
			}
		case "rolling":
			old, all := r.from.count(isLive), r.from.count(isLive)+r.to.count(isThere)
			if most := len(r.to.active()) + r.to.cfg.Rollout.MaxSurge; all > max(most, old) {
				m.t.Errorf("%d workers, allowed are %d", all, most)
			}
		}
	})
	<-checked
}

// checkKernel checks in the loop of the service that new connections go where the service has them go.
func (m *model) checkKernel() {
	checked := make(chan struct{})
	m.s.post(func() {
		defer close(checked)
		m.kernel.mu.Lock()
		defer m.kernel.mu.Unlock()
		s, k, to, share := m.s, m.kernel, 0, 0.0
		if s.current != nil && !s.halting && !s.current.parked {
			to = s.current.number
		}
		if r := s.rollout; r != nil && r.failed == nil && r.step == stepCanary && !s.halting {
			share = r.canary.Share
		}
		if k.share != share || share > 0 && k.canary != s.rollout.to.number {
			m.t.Errorf("%g of new connections go to generation %d, want %g", k.share, k.canary, share)
		}
		if to != 0 && k.to != to {
			m.t.Errorf("new connections go to generation %d, want %d", k.to, to)
		}
	})
	<-checked
}

// wasCut is whether the slot's worker was stopped by a scale that another scale has taken back.
func (sl *slot) wasCut() bool { return sl.worker.stopping }

// checkMended checks that no two workers of a generation are replaced for ill health together.
func (m *model) checkMended() {
	for _, g := range m.s.generations() {
		if n := g.count(func(w *worker) bool { return w.phase == draining && w.failure != "" && !w.stopping && !g.stopping }); n > 1 {
			m.t.Errorf("%d workers of generation %d are replaced for ill health at once", n, g.number)
		}
	}
}

// checkPlaces checks that no two processes have the same place, and that the service knows every process.
func (m *model) checkPlaces() {
	taken := map[string]bool{}
	for _, p := range m.alive() {
		place := fmt.Sprintf("%d.%d", p.spec.generation, p.spec.index)
		if taken[place] {
			m.t.Errorf("two processes are worker %s", place)
		}
		taken[place] = true
	}
	for _, g := range m.s.generations() {
		for _, sl := range g.slots {
			if sl.worker != nil {
				delete(taken, fmt.Sprintf("%d.%d", g.number, sl.index))
			}
		}
	}
	if len(taken) > 0 {
		m.t.Errorf("processes that nobody knows: %v", taken)
	}
}

// checkRest lets everything go well from now on, waits, and looks at where the service has come to rest.
func (m *model) checkRest(when string) {
	m.note("rest")
	m.runner.setManners(func(spec, int) manners { return manners{checked: true} })
	m.runner.mu.Lock()
	clear(m.runner.hooks)
	m.runner.mu.Unlock()
	time.Sleep(time.Hour)
	m.s.post(func() { m.s.promoteNow(false, make(chan error, 1)) }) // a canary that has no end
	time.Sleep(time.Hour)
	synctest.Wait()
	m.checkReplies()
	st := m.status()
	checked := make(chan struct{})
	m.s.post(func() {
		defer close(checked)
		s := m.s
		if s.rollout != nil || len(s.queue) > 0 || s.halting || len(s.former) > 0 || s.reserve != nil || len(s.stops) > 0 {
			m.t.Errorf("no rest: rollout %v, %d waiting, halting %v, %d former generations", s.rollout, len(s.queue), s.halting, len(s.former))
		}
		if (s.current != nil) != m.running {
			m.t.Errorf("running %v, want %v", s.current != nil, m.running)
		}
	})
	<-checked
	if alive := len(m.alive()); alive != len(st.Workers) {
		m.t.Errorf("%d processes, %d workers", alive, len(st.Workers))
	}
	if m.running && when == "always" && (st.State != "running" || len(st.Workers) != m.workers || st.Workers != nil && !allPhase(st, "ready")) {
		m.t.Errorf("want %d workers: %+v", m.workers, st)
	}
	if !m.running && st.State != "stopped" {
		m.t.Errorf("status %+v", st)
	}
}

func allPhase(st ServiceStatus, phase string) bool {
	for _, w := range st.Workers {
		if w.Phase != phase {
			return false
		}
	}
	return true
}

func (m *model) checkReplies() {
	for i, c := range m.replies {
		if len(c) != 1 {
			m.t.Errorf("command %d of %d got %d answers", i, len(m.replies), len(c))
		}
	}
}

// checkStopped stops the service and checks that nothing is left of it.
func (m *model) checkStopped() {
	m.note("stop for good")
	reply := m.reply()
	m.s.post(func() { m.s.leave(reply) })
	time.Sleep(time.Hour)
	synctest.Wait()
	m.checkReplies()
	if alive := m.alive(); len(alive) > 0 {
		m.t.Errorf("%d processes are left", len(alive))
	}
	late := m.ask(operation{kind: opStart})
	m.wants(late, errAny)
}

// checkKilled ends everything at once, as a second Ctrl-C does, and stops the service as a shutdown does some time later.
func (m *model) checkKilled() {
	m.note("kill all")
	m.s.post(m.s.killAll)
	time.Sleep(time.Second)
	if st := m.status(); st.State != "stopped" || len(m.alive()) > 0 {
		m.t.Errorf("%d processes are left, %+v", len(m.alive()), st)
	}
	m.checkStopped()
}
