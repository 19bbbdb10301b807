package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
		go c.poll(ctx, func(ctx context.Context) bool { return answers(ctx, c.layout.resolved.URL) }, ready)
	case "exec":
		go c.poll(ctx, c.checkCommand, ready)
	}
}

// isStopped is whether the main process has stopped itself: how a job of Upstart with `expect stop` says that it is ready.
func (c *child) isStopped(context.Context) bool { return proctree.Stopped(c.process.PID) }

// missed is what a worker has not done that would have made it ready.
func missed(when string) string {
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

// poll asks until check says yes.
func (c *child) poll(ctx context.Context, check func(context.Context) bool, ready func()) {
	pause := min(firstPause, c.spec.service.Ready.Interval)
	for !check(ctx) {
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

// probeTimeout bounds one HTTP check.
const probeTimeout = 5 * time.Second

// answers is whether GET url is answered with a status below 400. Redirects are not followed.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode < http.StatusBadRequest
}

// checkCommand is whether ready.command succeeds.
func (c *child) checkCommand(ctx context.Context) bool {
	s := c.spec
	s.id = fmt.Sprintf("check/%s/%d/%d/%d", s.service.Name, s.generation, s.index, c.host.serial.Add(1))
	check := &child{host: c.host, spec: s, over: make(chan struct{})}
	defer check.release()
	return check.command(ctx, c.layout, c.layout.resolved.ReadyCommand) == nil
}

var errCancelled = errors.New("cancelled")
