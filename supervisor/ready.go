package supervisor

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

// watchReady begins to watch for what makes the worker ready, where that is nothing that it says or prints, nor the mere passing of time. It
// ends with ctx.
func (c *child) watchReady(ctx context.Context) {
	ready := func() { c.tell(happening{kind: foundReady}) }
	switch c.spec.service.Ready.When {
	case "upstart":
		go c.poll(ctx, c.isStopped, func() { c.tell(happening{kind: foundStopped}) })
	case "http":
		go c.poll(ctx, c.askReady, ready)
	case "exec":
		go c.poll(ctx, c.checkCommand, ready)
	}
}

// isStopped is whether the main process has stopped itself: how a job of Upstart with `expect stop` says that it is ready.
func (c *child) isStopped(context.Context) error {
	if !proctree.Stopped(c.process.PID) {
		return errNotYet
	}
	return nil
}

// errNotYet is no answer, and tells nobody anything.
var errNotYet = errors.New("not yet")

func (c *child) askReady(ctx context.Context) error {
	return c.ask(ctx, question{url: c.layout.resolved.URL, expect: c.layout.resolved.Expect, timeout: probeTimeout})
}

// missed is what a worker has not done that would have made it ready. The last failure of a check says it better, where there is one.
func missed(when, lacks string) string {
	if lacks != "" {
		return ": " + lacks
	}
	switch when {
	case "notify":
		return ": it has not sent READY=1 to NOTIFY_SOCKET"
	case "newline":
		return ": it has written no line to the descriptor READY_FD"
	case "crank":
		return ": it has not sent READY=1 to the descriptor NOTIFY_FD"
	case "uwsgi":
		return ": it has not sent the byte 5 to the descriptor UWSGI_EMPEROR_FD"
	case "pm2":
		return `: it has not sent "ready" to the descriptor NODE_CHANNEL_FD`
	case "upstart":
		return ": it has not stopped itself by SIGSTOP"
	case "log":
		return ": it has printed no line that matches ready.pattern"
	case "http":
		return ": ready.url has not answered with success"
	case "exec":
		return ": ready.command has not succeeded"
	}
	return ""
}

// matchLines has every line of the worker looked at, from its first on, until one matches. That line leaves the pipe when
// the service knows of it.
func (c *child) matchLines() {
	pattern, err := regexp.Compile(c.layout.resolved.Pattern)
	if err != nil {
		return // config has refused such a file
	}
	match := func(text string) {
		if !pattern.MatchString(text) {
			return
		}
		c.matcher.Store(nil)
		<-c.attended
		if c.process.ID != 0 {
			c.tellAndWait(happening{kind: foundReady})
		}
	}
	c.matcher.Store(&match)
}

// firstPause is the wait after a first check that said no; it doubles up to ready.interval.
const firstPause = 10 * time.Millisecond

// poll asks until check finds no fault, and tells of every other fault.
func (c *child) poll(ctx context.Context, check func(context.Context) error, ready func()) {
	pause, last := min(firstPause, c.spec.service.Ready.Interval), errNotYet.Error()
	for {
		err := check(ctx)
		if err == nil {
			break
		}
		if text := err.Error(); text != last && ctx.Err() == nil {
			last = text
			c.tell(happening{kind: lacking, err: err})
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		pause = min(2*pause, c.spec.service.Ready.Interval)
	}
	if ctx.Err() == nil {
		ready()
	}
}

// checkCommand runs ready.command.
func (c *child) checkCommand(ctx context.Context) error {
	return c.beside(nil).try(ctx, c.layout.resolved.ReadyCommand)
}

var errCancelled = errors.New("cancelled")
