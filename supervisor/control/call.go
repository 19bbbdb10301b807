package control

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// call is one that changes something.
type call struct {
	patient *Patient
	names   []string // of services to look at; nil: all
	judge   judge
	report  func(supervisor.Event)

	before supervisor.Status
	shown  time.Time // of the last event that was reported, or when the call began
}

// Restart rolls out the next generation and waits; report gets each step and may be nil.
func (p *Patient) Restart(ctx context.Context, name string, report func(supervisor.Event)) error {
	return p.service(name, judgeRestart, report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Restart(ctx, name, report)
	})
}

// Start starts a stopped service and waits until it is ready.
func (p *Patient) Start(ctx context.Context, name string, report func(supervisor.Event)) error {
	return p.service(name, judgeStart, report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Start(ctx, name, report)
	})
}

// Stop drains the workers of a service and waits; its listeners stay open.
func (p *Patient) Stop(ctx context.Context, name string, report func(supervisor.Event)) error {
	return p.service(name, judgeStop, report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Stop(ctx, name, report)
	})
}

// Scale changes the number of workers and waits.
func (p *Patient) Scale(ctx context.Context, name string, n int, report func(supervisor.Event)) error {
	return p.service(name, judgeScale(n), report).make(ctx, func(report func(supervisor.Event)) error {
		return p.client.Scale(ctx, name, n, report)
	})
}

// Reload applies the changed file and gives the difference, as lines for a person.
func (p *Patient) Reload(ctx context.Context, report func(supervisor.Event)) ([]string, error) {
	return p.reload(ctx, report, p.client.Reload)
}

// Take is Reload in which listeners are taken over from other programs: "pid:1234" and the like, by name.
func (p *Patient) Take(ctx context.Context, from map[string]string, report func(supervisor.Event)) ([]string, error) {
	return p.reload(ctx, report, func(ctx context.Context, report func(supervisor.Event)) ([]string, error) {
		return p.client.Take(ctx, from, report)
	})
}

func (p *Patient) reload(ctx context.Context, report func(supervisor.Event),
	apply func(context.Context, func(supervisor.Event)) ([]string, error)) (changes []string, err error) {
	c := &call{patient: p, judge: judgeReload, report: func(e supervisor.Event) {
		if e.Kind == supervisor.KindReloadBegin {
			changes = e.Changes // the result may not come from the manager that has worked them out
		}
		tell(report, e)
	}}
	answered := false
	err = c.make(ctx, func(report func(supervisor.Event)) error {
		result, err := apply(ctx, report)
		if err == nil {
			changes, answered = result, true
		}
		return err
	})
	if err == nil && !answered && changes == nil {
		changes = []string{"the changed configuration is in force"}
	}
	return changes, err
}

func (p *Patient) service(name string, look func(before, now supervisor.ServiceStatus) verdict, report func(supervisor.Event)) *call {
	return &call{patient: p, names: []string{name}, judge: judgeOne(name, look), report: report}
}

func tell(report func(supervisor.Event), e supervisor.Event) {
	if report != nil {
		report(e)
	}
}

// make gives the call, and once more if the first one was never taken in: one that ends every manager that takes it must not end
// them for ever.
func (c *call) make(ctx context.Context, give func(report func(supervisor.Event)) error) (err error) {
	if c.before, err = c.patient.Brief(ctx, c.names); err != nil {
		return err
	}
	c.shown = time.Now()
	for range 2 {
		err := give(c.show)
		if !Gone(err) {
			return ended(err)
		}
		c.patient.replaced()
		v, err := c.follow(ctx)
		switch {
		case err != nil:
			return err
		case v.state != unknown:
			return v.err(ctx, c.patient)
		}
	}
	return errors.New("supervise's manager was replaced twice before it took the command in: nothing was done")
}

// show reports an event that was not reported yet.
func (c *call) show(e supervisor.Event) {
	c.shown = e.Time
	tell(c.report, e)
}

// follow waits until the next manager's status tells how it went.
func (c *call) follow(ctx context.Context) (v verdict, err error) {
	w := c.watch(ctx)
	defer w.end()
	for {
		var now supervisor.Status
		err := c.patient.next(ctx, func(ctx context.Context) (err error) {
			now, err = c.patient.client.Brief(ctx, c.names)
			return err
		})
		if err != nil {
			return verdict{}, err
		}
		if v := c.judge(c.before, now); v.state != pending {
			w.end()
			c.catchUp(ctx)
			return v, nil
		}
		select {
		case <-w.changed:
		case err := <-w.over:
			return verdict{}, cmp.Or(context.Cause(ctx), ended(err), ErrGone)
		}
	}
}

// watcher reports the events of a call, and notes that there were some, or that another manager tells them.
type watcher struct {
	changed chan struct{}
	over    chan error
	end     func() // after it nothing is reported; it may be called twice
}

func (c *call) watch(ctx context.Context) *watcher {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{changed: make(chan struct{}, 1), over: make(chan error, 1)}
	note := func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
	stopped, from := make(chan struct{}), c.shown
	go func() {
		defer close(stopped)
		w.over <- c.patient.eventsAfter(ctx, from, true, note, func(e supervisor.Event) error {
			c.concern(e)
			note()
			return nil
		})
	}()
	w.end = func() {
		cancel()
		<-stopped
	}
	return w
}

// catchUp reports the events that came before the status from which the end was seen. That they cannot be had changes no outcome.
func (c *call) catchUp(ctx context.Context) {
	from := c.shown
	_ = c.patient.client.Events(ctx, false, func(e supervisor.Event) error {
		if e.Time.After(from) {
			c.concern(e)
		}
		return nil
	})
}

// concern reports an event if it has to do with the call.
func (c *call) concern(e supervisor.Event) {
	if e.Kind != supervisor.KindTakenOver && (len(c.names) == 0 || e.Service == c.names[0]) {
		c.show(e)
	}
}

// err is a failure as the manager would have told it.
func (v verdict) err(ctx context.Context, p *Patient) error {
	if v.state != failed {
		return nil
	}
	return &Error{Result: Result{Error: v.reason, Code: CodeFailed, Output: p.lastLines(ctx, v.service, v.generation)}}
}
