package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// maxAnswer bounds what is read of an answer that is one value, in bytes.
const maxAnswer = 256 << 20

// Client speaks to the supervise behind a control socket. It is safe for concurrent use.
type Client struct {
	path   string
	http   *http.Client
	anyone bool // see TrustAnyone
}

// NewClient does not connect yet. Close it. Every request has a connection of its own: one that is kept for the next request might
// be to a manager that has ended meanwhile, and a request that fails on it may have been carried out or not.
func NewClient(path string) *Client {
	c := &Client{path: path}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) }
	c.http = &http.Client{Transport: &http.Transport{DialContext: dial, Proxy: nil, DisableKeepAlives: true}}
	return c
}

// TrustAnyone has the client speak to whoever has made the control pipe, for an address that a person has named; it is called before the
// first request. Otherwise only pipes of the own user, of administrators and of SYSTEM are spoken to: the name of a pipe is anybody's
// who is first. A unix socket lies in a folder that is its owner's.
func (c *Client) TrustAnyone() { c.anyone = true }

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := Dial(ctx, c.path)
	if err != nil {
		return nil, err
	}
	p, ok := conn.(*pipe.Conn)
	if !ok || c.anyone {
		return conn, nil
	}
	if err := p.Trusted(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return conn, nil
}

// Path is the control socket.
func (c *Client) Path() string { return c.path }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// UnreachableError says that nobody answers at a control socket.
type UnreachableError struct {
	Path string
	Err  error
}

// Error says what to do.
func (e *UnreachableError) Error() string {
	switch {
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("cannot reach supervise at %s: permission denied (%s and control.group may)", e.Path, allowed)
	case errors.Is(e.Err, fs.ErrNotExist):
		return fmt.Sprintf("cannot reach supervise at %s: no such %s (is it running?)", e.Path, thing)
	case errors.As(e.Err, new(*pipe.ForeignError)):
		return fmt.Sprintf("cannot trust who answers at %s: %v (give --control %s if you mean him; supervise may have ended, and another user taken its name)", e.Path, e.Err, e.Path)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return fmt.Sprintf("cannot reach supervise at %s: nobody listens (it is not running any more)", e.Path)
	}
	return fmt.Sprintf("cannot reach supervise at %s: %v", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Error is a failed Result.
type Error struct {
	Result Result
	Status int // HTTP's
}

// Error gives the sentence.
func (e *Error) Error() string { return e.Result.Error }

// do sends a request and gives its answer, whose body the caller closes; an answer other than 200 is an *Error.
func (c *Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://supervise"+path, payload)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var m Message
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&m); err != nil || m.Result == nil {
		return nil, fmt.Errorf("cannot understand the answer of %s: HTTP %s (is it a supervise?)", c.path, resp.Status)
	}
	return nil, &Error{Result: *m.Result, Status: resp.StatusCode}
}

// unreachable tells a dead socket from one that was alive, and from a request that was called off.
func (c *Client) unreachable(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &op) && op.Op == "dial":
	case isHangUp(err):
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return &UnreachableError{Path: c.path, Err: err}
}

// Version gives the version of the running supervise, and which file it was started with.
func (c *Client) Version(ctx context.Context) (v Version, err error) {
	err = c.get(ctx, "/v1/version", &v)
	return v, err
}

// Status gives the named services, all without names.
func (c *Client) Status(ctx context.Context, names []string) (supervisor.Status, error) {
	var s supervisor.Status
	err := c.get(ctx, "/v1/status"+query(url.Values{"service": names}), &s)
	return s, err
}

// Brief is Status without the connections of workers, which take the kernel a while on a machine with many sockets.
func (c *Client) Brief(ctx context.Context, names []string) (supervisor.Status, error) {
	var s supervisor.Status
	err := c.get(ctx, "/v1/status"+query(url.Values{"service": names, "brief": {"1"}}), &s)
	return s, err
}

func (c *Client) get(ctx context.Context, path string, v any) error {
	resp, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(v); err != nil {
		return c.broken(ctx, err)
	}
	return nil
}

// Events hands out the recorded events and, with follow, every new one until ctx ends (nil), supervise goes away (nil) or
// emit fails.
func (c *Client) Events(ctx context.Context, follow bool, emit func(supervisor.Event) error) error {
	return unlessGone(c.events(ctx, follow, func() {}, emit))
}

// events also tells a manager that is gone (ErrGone) from one that has nothing more to say. begun is called when it answers, before
// the first event.
func (c *Client) events(ctx context.Context, follow bool, begun func(), emit func(supervisor.Event) error) error {
	return stream(ctx, c, "/v1/events"+query(flags(follow)), begun, emit)
}

// Logs hands out the last n lines of a service, of all when it is "", and goes on like Events.
func (c *Client) Logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error {
	return unlessGone(c.logs(ctx, service, n, follow, emit))
}

func (c *Client) logs(ctx context.Context, service string, n int, follow bool, emit func(output.Line) error) error {
	v := flags(follow)
	v.Set("lines", strconv.Itoa(n))
	if service != "" {
		v.Set("service", service)
	}
	return stream(ctx, c, "/v1/logs"+query(v), func() {}, emit)
}

func flags(follow bool) url.Values {
	if follow {
		return url.Values{"follow": {"1"}}
	}
	return url.Values{}
}

func query(v url.Values) string {
	if text := v.Encode(); text != "" {
		return "?" + text
	}
	return ""
}

// stream reads one value a line.
func stream[T any](ctx context.Context, c *Client, path string, begun func(), emit func(T) error) error {
	resp, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return called(ctx, err)
	}
	defer resp.Body.Close()
	begun()
	d := json.NewDecoder(resp.Body)
	for {
		var v T
		switch err := d.Decode(&v); {
		case err == io.EOF || err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return c.broken(ctx, err)
		}
		if err := emit(v); err != nil {
			return err
		}
	}
}

// called makes the end of ctx no error.
func called(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
