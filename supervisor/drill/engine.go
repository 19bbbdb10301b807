package drill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// failedPerClass is how many losses of a class are kept in words.
const failedPerClass = 3

// Run makes load until Connections attempts are made and all restarts are complete. Restart i begins when i/(Restarts+1) of
// Connections are made, or when the one before is complete if that is later.
//
// If a restart fails the load ends (attempts under way are finished and counted) and the result so far comes with its error; so
// it does when the client itself cannot go on. When ctx is done attempts under way are called off and not counted.
func Run(ctx context.Context, o Options) (Result, error) {
	if err := o.complete(); err != nil {
		return Result{}, err
	}
	e := &engine{options: o, due: make(chan struct{}, o.Restarts), quit: make(chan struct{})}
	e.idle.Store(o.Restarts == 0)
	e.announce()
	var group sync.WaitGroup
	group.Go(func() { e.restart(ctx) })
	for range o.Clients {
		group.Go(func() { e.load(ctx) })
	}
	e.watch(&group)
	if err := context.Cause(ctx); err != nil && e.err == nil {
		e.err = err
	}
	return e.result(), e.err
}

// engine is one drill.
type engine struct {
	options Options
	started atomic.Uint64
	idle    atomic.Bool   // all restarts are complete
	quit    chan struct{} // closed: no more attempts and restarts
	due     chan struct{} // one token for each restart that may begin
	latency histogram

	restarting atomic.Int32 // number of the restart going on; changed with mu held

	mu        sync.Mutex
	made      int
	count     [numClasses]int
	failed    [numClasses][]string
	announced int // restarts put into due
	restarts  int // complete
	err       error
}

// load is one client.
func (e *engine) load(ctx context.Context) {
	c := newClient(e.options)
	for ctx.Err() == nil && !e.stopped() {
		number := e.started.Add(1)
		if number > uint64(e.options.Connections) && e.idle.Load() {
			return
		}
		during := e.restarting.Load()
		took, err := c.attempt(ctx, number)
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case errors.Is(err, errLocal):
			e.stop(fmt.Errorf("cannot make load: %w", err))
			return
		}
		e.finish(outcome{number, during, took, err})
	}
}

// watch returns when all of the group have; until then it tells how far they are at each tick.
func (e *engine) watch(group *sync.WaitGroup) {
	over := make(chan struct{})
	go func() {
		group.Wait()
		close(over)
	}()
	for {
		select {
		case <-e.options.Tick: // nil: never
			e.tell()
		case <-over:
			return
		}
	}
}

func (e *engine) tell() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.options.Progress(e.progress())
}

func (e *engine) stopped() bool {
	select {
	case <-e.quit:
		return true
	default:
		return false
	}
}

// stop ends the drill; the first error is the one that counts.
func (e *engine) stop(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
		close(e.quit)
	}
}

// outcome is what became of one attempt.
type outcome struct {
	number uint64
	during int32 // the restart going on when it began
	took   time.Duration
	err    error
}

func (e *engine) finish(o outcome) {
	kind := classify(o.err)
	if kind == ok {
		e.latency.add(o.took)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made++
	e.count[kind]++
	if kind != ok && len(e.failed[kind]) < failedPerClass {
		e.failed[kind] = append(e.failed[kind], e.describe(o, kind))
	}
	e.announce()
	if step := max(e.options.Connections/100, 1); e.made%step == 0 {
		e.step()
	}
}

func (e *engine) describe(o outcome, kind class) string {
	target := e.options.Targets[o.number%uint64(len(e.options.Targets))]
	return fmt.Sprintf("%s: %s (attempt %d, to %s, %s)", kind, words(o.err), o.number, target, e.when(o.during))
}

// when names the restart that went on when the attempt began, or else when it ended.
func (e *engine) when(during int32) string {
	if during == 0 {
		during = e.restarting.Load()
	}
	switch {
	case during > 0:
		return fmt.Sprintf("during restart %d", during)
	case e.restarts > 0:
		return fmt.Sprintf("after restart %d", e.restarts)
	}
	return "before any restart"
}

// announce lets those restarts begin whose time has come.
func (e *engine) announce() {
	r, c := e.options.Restarts, e.options.Connections
	for e.announced < r && e.made*(r+1) >= (e.announced+1)*c {
		e.announced++
		e.due <- struct{}{} // has room for all
	}
}

// step tells how far it is, unless that has a clock of its own. mu is held.
func (e *engine) step() {
	if e.options.Tick == nil {
		e.options.Progress(e.progress())
	}
}

func (e *engine) progress() Progress {
	return Progress{
		Attempts: e.made, Connections: e.options.Connections,
		Restarts: e.restarts, Planned: e.options.Restarts, Restarting: int(e.restarting.Load()),
		Lost: e.made - e.count[ok],
	}
}

// restart does them all, one after the other.
func (e *engine) restart(ctx context.Context) {
	defer e.idle.Store(true)
	for n := 1; n <= e.options.Restarts; n++ {
		select {
		case <-e.due:
		case <-e.quit:
			return
		case <-ctx.Done():
			return
		}
		e.begin(n)
		if err := e.options.Restart(ctx, n); err != nil {
			e.stop(fmt.Errorf("cannot complete restart %d of %d: %w", n, e.options.Restarts, err))
			return
		}
		e.complete(n)
	}
}

func (e *engine) begin(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.restarting.Store(int32(n))
	e.step()
}

func (e *engine) complete(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.restarts = n
	e.restarting.Store(0)
	e.step()
}

// result is for when nobody works any more.
func (e *engine) result() Result {
	r := Result{
		Restarts: e.restarts, Attempts: e.made,
		OK: e.count[ok], Refused: e.count[refused], Reset: e.count[reset],
		EOF: e.count[eof], Timeout: e.count[timeout], Other: e.count[other],
		Latency: e.latency.latency(),
	}
	for _, list := range e.failed {
		r.Failed = append(r.Failed, list...)
	}
	return r
}
