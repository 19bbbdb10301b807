package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// ErrGone means that supervise went away before it said how the operation ended.
var ErrGone = errors.New("supervise went away before it answered (see supervise status)")

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

// Upgrade asks for the program on disk in place of the one that runs. An *Error says why that was refused; nothing has changed
// then. Nil means that the manager that was asked is gone and the next one takes over: its events tell how that went.
func (c *Client) Upgrade(ctx context.Context) error {
	_, err := c.post(ctx, "/v1/upgrade", nil, nil)
	var gone *UnreachableError
	if errors.Is(err, ErrGone) || errors.As(err, &gone) && errors.Is(gone.Err, io.EOF) {
		return nil
	}
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

func (c *Client) broken(ctx context.Context, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &syntax), errors.As(err, &kind):
		return fmt.Errorf("cannot understand the answer of %s: %w", c.path, err)
	case err == io.EOF:
		return ErrGone
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}
