package supervisor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// watch implements process. Every kind of check has a goroutine of its own: a command that hangs does not keep others from being made.
func (c *child) watch(soon bool) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	for _, kind := range c.spec.service.Checks() {
		go c.repeat(ctx, kind, soon)
	}
	return cancel
}

// repeat makes the checks of one kind until ctx ends. What they find is told when it is bad, or was bad before; that a listener is
// held is no finding. The second check is made at a time of chance within the interval, so that workers that became ready together are not
// asked together for ever.
func (c *child) repeat(ctx context.Context, kind string, soon bool) {
	select {
	case <-c.attended: // a worker that is being taken over is not known before
	case <-ctx.Done():
		return
	}
	every := c.spec.service.Health.Interval
	pause, good := time.Duration(0), false
	if !soon {
		pause = rand.N(every)
	}
	for first := soon; wait(ctx, pause); first = false {
		output, err := c.check(ctx, kind)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errHeld) {
			pause = every
			continue
		}
		if err != nil || !good {
			c.tell(happening{kind: checked, name: kind, err: err, output: output})
		}
		good, pause = err == nil, every
		if first {
			pause = rand.N(every)
		}
	}
}

// wait is whether d has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// check makes one check of health.
func (c *child) check(ctx context.Context, kind string) ([]string, error) {
	health, limit := c.layout.resolved.Health, c.spec.service.Health.Timeout
	if kind == "http" {
		return nil, c.ask(ctx, question{url: health.URL, expect: health.Expect, timeout: limit})
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	last := &lastLines{}
	err := c.beside(last).try(within, health.Command)
	if errors.Is(err, errCancelled) {
		err = fmt.Errorf("%q did not end within %s", health.Command[0], limit)
	}
	return last.all(), err
}

// beside makes a child for a command that checks c. What it prints goes into last, or where c's lines go.
func (c *child) beside(last *lastLines) *child {
	s := c.spec
	s.id = fmt.Sprintf("check/%s/%d/%d/%d", s.service.Name, s.generation, s.index, c.host.serial.Add(1))
	return &child{host: c.host, spec: s, layout: c.layout, last: last, over: make(chan struct{})}
}

// try is how a command ends that checks a worker.
func (c *child) try(ctx context.Context, command []string) (err error) {
	defer c.release()
	l := c.layout
	if l.env == nil { // the worker is of an earlier manager
		if l.env, err = environmentOf(c.spec, l, c.host.around(c.host.folder(c.spec))); err != nil {
			return err
		}
	}
	return c.command(ctx, l, command)
}

// lastLines keeps the end of what a check prints. The worker's log would be full of it.
type lastLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines[max(0, len(l.lines)-shownLines+1):], line)
}

func (l *lastLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// overhear gives a check a pipe to print into. Nobody but this process needs to have it.
func (c *child) overhear(k *kit) error {
	r, w, err := fdpass.Pipe()
	if err != nil {
		return fmt.Errorf("cannot make output pipe: %w", err)
	}
	c.printed = make(chan struct{})
	go func() {
		defer close(c.printed)
		defer r.Close()
		_ = output.Scan(r, c.last.add)
	}()
	k.mine = append(k.mine, w)
	k.spawn.Files = append(k.spawn.Files, keeper.File{Number: 1, Descriptor: w}, keeper.File{Number: 2, Descriptor: w})
	return nil
}
