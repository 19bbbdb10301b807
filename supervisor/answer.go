package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// asked is that by which a program asks that knows nothing of its listeners: its bind(2) and listen(2). All of it is held by the keeper,
// so that the program waits where no manager answers, and the next one goes on where this one was ended.
type asked struct {
	pair   *fdpass.Descriptor // our end of the way on which the stage sends notify
	page   *fdpass.Descriptor // the question in hand
	notify *fdpass.Descriptor // at which questions come; nil until the stage has sent it
	joined chan struct{}      // has room for one: a socket of the program's may be the listener's now
}

func newAsked() *asked { return &asked{joined: make(chan struct{}, 1)} }

// adoptFD is the number at which the stage has its end of the way: none of the worker's.
func (l layout) adoptFD() int {
	fd := dialect.Free(l.handoff)
	for _, c := range l.channels {
		fd = max(fd, c.FD+1)
	}
	return fd
}

// openAdopt makes what the program will ask by, and has the stage send it.
func (c *child) openAdopt(k *kit) error {
	if !c.layout.handoff.Adopt {
		return nil
	}
	if len(c.spec.leases) < len(c.spec.service.Listeners) {
		return fmt.Errorf("listeners of generation %d are lost (restart the service)", c.spec.generation)
	}
	ours, theirs, err := adopt.Pair()
	if err != nil {
		return err
	}
	c.asked = newAsked()
	c.asked.pair = ours
	k.mine = append(k.mine, theirs)
	if c.asked.page, err = adopt.NewPage(); err != nil {
		return err
	}
	c.held = append(c.held, adoptNotify) // as soon as it comes
	fd := c.layout.adoptFD()
	k.spawn.Files = append(k.spawn.Files, keeper.File{Number: fd, Descriptor: theirs})
	k.spawn.Plan.Adopt = &stage.Adopt{Number: fd, Paths: slices.ContainsFunc(c.layout.sockets, func(s dialect.Socket) bool { return s.Path != "" })}
	return errors.Join(c.holdDescriptor(adoptPair, ours), c.holdDescriptor(adoptPage, c.asked.page))
}

// takeAsked takes over what openAdopt of an earlier manager has made.
func (c *child) takeAsked() {
	if !c.layout.handoff.Adopt {
		return
	}
	a := newAsked()
	for part, to := range map[string]**fdpass.Descriptor{adoptPair: &a.pair, adoptPage: &a.page, adoptNotify: &a.notify} {
		f := c.left.take(part)
		if f == nil {
			continue
		}
		d, err := fdpass.FromFile(f)
		f.Close()
		if err != nil {
			c.missing("answers to bind and listen", err)
			continue
		}
		*to = d
	}
	if a.page != nil && (a.pair != nil || a.notify != nil) {
		c.asked = a
		c.held = append(c.held, adoptNotify)
		return
	}
	a.close()
	c.missing("answers to bind and listen", errors.New("what they are given through is not held"))
}

func (a *asked) close() {
	if a == nil {
		return
	}
	for _, d := range []*fdpass.Descriptor{a.pair, a.page, a.notify} {
		if d != nil {
			_ = d.Close()
		}
	}
}

// answer answers bind and listen of the program until nothing of it is left, or ctx ends.
func (c *child) answer(ctx context.Context) {
	defer c.asked.close()
	err := c.receiveNotify(ctx)
	if err == nil {
		err = adopt.Serve(ctx, c.answers())
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, io.EOF): // the stage has failed, and says why
	default:
		c.tell(happening{kind: unanswered, pid: c.process.PID, err: err})
	}
}

// receiveNotify has the keeper hold what the stage sends before it leaves the way.
func (c *child) receiveNotify(ctx context.Context) (err error) {
	if c.asked.notify == nil {
		c.asked.notify, err = adopt.Receive(ctx, c.asked.pair, func(d *fdpass.Descriptor) error {
			return c.host.keeper.Hold(c.spec.id+adoptNotify, d)
		})
	}
	if err == nil && c.asked.pair != nil {
		_ = c.host.keeper.Drop(c.spec.id + adoptPair)
	}
	return err
}

func (c *child) answers() adopt.Options {
	o := adopt.Options{
		Notify: c.asked.notify, Page: c.asked.page, Sockets: askedSockets{c.spec.leases, c.spec.index, c.asked.joined}, Report: c.reported,
		Members: func() []int { return c.process.Tree().Members() },
	}
	for i, lease := range c.spec.leases {
		o.Listeners = append(o.Listeners, adopt.Listener{Name: c.spec.service.Listeners[i], Sharing: lease.Sharing()})
	}
	return o
}

// reported passes on what has happened. It returns when that is saved: only then the program gets its answer.
func (c *child) reported(e adopt.Event) {
	switch e.Kind {
	case adopt.Listened:
		c.tellAndWait(happening{kind: listening, pid: e.PID, name: e.Listener, mode: string(e.Mode)})
	case adopt.Unmanaged:
		c.tellAndWait(happening{kind: strange, pid: e.PID, name: e.Address})
	case adopt.NotIntercepted:
		c.tellAndWait(happening{kind: unanswered, pid: e.PID, name: e.Listener, err: pastText(e)})
	case adopt.Refused:
		c.host.log.Warn("worker does without what would go past supervise", "service", c.spec.service.Name, "generation", c.spec.generation,
			"pid", e.PID, "problem", e.Why)
	}
}

func pastText(e adopt.Event) error {
	if e.Address == "" {
		return errors.New(e.Why)
	}
	return fmt.Errorf("%s: %s", e.Address, e.Why)
}

// askedSockets are the sockets with which the questions of one worker are answered.
type askedSockets struct {
	leases []*registry.Lease
	worker int
	joined chan<- struct{}
}

// Model implements adopt.Sockets.
func (a askedSockets) Model(i int) *fdpass.Socket { return a.leases[i].Socket() }

// Open implements adopt.Sockets.
func (a askedSockets) Open(i int) (*fdpass.Socket, error) { return a.leases[i].Open(a.worker) }

// CanJoin implements adopt.Sockets.
func (a askedSockets) CanJoin(i int) error { return a.leases[i].CanJoin(a.worker) }

// Join implements adopt.Sockets.
func (a askedSockets) Join(i int, d *fdpass.Descriptor) error {
	err := a.leases[i].Join(a.worker, d)
	select {
	case a.joined <- struct{}{}:
	default: // it has not been looked at yet
	}
	return err
}

// Members implements adopt.Sockets.
func (a askedSockets) Members(i int) []*fdpass.Socket { return a.leases[i].Members(a.worker) }
