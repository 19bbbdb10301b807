package control

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Restart rolls out the next generation and waits; report gets each step and may be nil. Like all verbs it gives an *Error when
// supervise says that it failed; the operation goes on when ctx ends.
func (c *Client) Restart(ctx context.Context, name string, report func(supervisor.Event)) error {
	return c.service(ctx, name, "restart", nil, report)
}

// Start starts a stopped service and waits until it is ready.
func (c *Client) Start(ctx context.Context, name string, report func(supervisor.Event)) error {
	return c.service(ctx, name, "start", nil, report)
}

// Stop drains the workers of a service and waits; its listeners stay open.
func (c *Client) Stop(ctx context.Context, name string, report func(supervisor.Event)) error {
	return c.service(ctx, name, "stop", nil, report)
}

// Scale changes the number of workers and waits.
func (c *Client) Scale(ctx context.Context, name string, n int, report func(supervisor.Event)) error {
	return c.service(ctx, name, "scale", map[string]int{"workers": n}, report)
}

// Signal sends a signal to all workers of the current generation.
func (c *Client) Signal(ctx context.Context, name, signal string) error {
	return c.service(ctx, name, "signal", map[string]string{"signal": signal}, nil)
}

// Hold makes the clients of a listener wait.
func (c *Client) Hold(ctx context.Context, listener string) error {
	_, err := c.post(ctx, "/v1/listeners/"+url.PathEscape(listener)+"/hold", nil, nil)
	return err
}

// Release ends Hold.
func (c *Client) Release(ctx context.Context, listener string) error {
	_, err := c.post(ctx, "/v1/listeners/"+url.PathEscape(listener)+"/release", nil, nil)
	return err
}

// Reload applies the changed file and gives the difference, as lines for a person.
func (c *Client) Reload(ctx context.Context, report func(supervisor.Event)) ([]string, error) {
	r, err := c.post(ctx, "/v1/reload", nil, report)
	return r.Changes, err
}

// Take is Reload in which listeners are taken over from other programs: "pid:1234" and the like, by name.
func (c *Client) Take(ctx context.Context, from map[string]string, report func(supervisor.Event)) ([]string, error) {
	r, err := c.post(ctx, "/v1/reload", map[string]any{"take": from}, report)
	return r.Changes, err
}

// Upgrade asks for the program on disk in place of the one that runs. An *Error says why that was refused; nothing has changed
// then. Nil means that the manager that was asked is gone and the next one takes over: its events tell how that went.
func (c *Client) Upgrade(ctx context.Context, report func(supervisor.Event)) error {
	return unlessGone(c.upgrade(ctx, report))
}

// upgrade gives ErrGone when the manager that was asked is gone.
func (c *Client) upgrade(ctx context.Context, report func(supervisor.Event)) error {
	_, err := c.post(ctx, "/v1/upgrade", nil, report)
	return err
}

func (c *Client) service(ctx context.Context, name, verb string, body any, report func(supervisor.Event)) error {
	_, err := c.post(ctx, "/v1/services/"+url.PathEscape(name)+"/"+verb, body, report)
	return err
}

// post reads events up to the result.
func (c *Client) post(ctx context.Context, path string, body any, report func(supervisor.Event)) (Result, error) {
	resp, err := c.do(ctx, http.MethodPost, path, body)
	if err != nil {
		return Result{}, err
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	for {
		var m Message
		if err := d.Decode(&m); err != nil {
			return Result{}, c.broken(ctx, err)
		}
		switch {
		case m.Event != nil && report != nil:
			report(*m.Event)
		case m.Result != nil && m.Result.OK:
			return *m.Result, nil
		case m.Result != nil:
			return *m.Result, &Error{Result: *m.Result, Status: resp.StatusCode}
		}
	}
}
