package drill

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxHeader bounds what a server can make us read before the body, which is only counted, never kept.
const maxHeader = 1 << 20

// errLocal wraps what stands in the way on the client's side.
var errLocal = errors.New("the client has no free port or descriptor")

// client makes attempts, one after the other. It belongs to one goroutine.
type client struct {
	options Options
	reader  *bufio.Reader
}

func newClient(o Options) *client {
	return &client{options: o, reader: bufio.NewReaderSize(nil, 4096)}
}

// attempt makes one connection and says how long it took, without the time the client waited for a port of its own.
func (c *client) attempt(ctx context.Context, number uint64) (time.Duration, error) {
	target := c.options.Targets[number%uint64(len(c.options.Targets))]
	conn, began, err := c.dial(ctx, target, number)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = conn.SetDeadline(began.Add(c.options.Timeout))
	if c.options.HTTP == "" {
		err = drain(conn)
	} else {
		err = c.get(conn, target)
	}
	return time.Since(began), err
}

// dial repeats what is no fault of the server: the client's own shortages, and a unix backlog that has no room at the moment.
func (c *client) dial(ctx context.Context, t Target, number uint64) (conn net.Conn, began time.Time, err error) {
	deadline := time.Now().Add(c.options.Timeout)
	began = time.Now()
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		d := net.Dialer{Deadline: deadline, KeepAlive: -1}
		from(&d, t, number)
		conn, err = d.DialContext(ctx, t.Network, t.Address)
		full := errors.Is(err, queueFull)
		if err == nil || !full && !isLocal(err) {
			return conn, began, err
		}
		if !wait(ctx, pause, deadline) {
			return nil, began, outOfTime(err, full)
		}
		if !full {
			number++
			began = time.Now()
		}
	}
}

func outOfTime(err error, full bool) error {
	if full {
		return fmt.Errorf("the backlog stayed full: %w", context.DeadlineExceeded)
	}
	return fmt.Errorf("%w: %w", errLocal, err)
}

// wait reports whether there is time left after it.
func wait(ctx context.Context, pause time.Duration, deadline time.Time) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return time.Now().Before(deadline)
	case <-ctx.Done():
		return false
	}
}

// drain is the whole of connect mode. The error of CloseWrite says nothing that Read does not say better: ENOTCONN after
// a reset.
func drain(conn net.Conn) error {
	if half, is := conn.(interface{ CloseWrite() error }); is {
		_ = half.CloseWrite()
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}

// get makes one request and reads the whole response.
func (c *client) get(conn net.Conn, t Target) error {
	if _, err := io.WriteString(conn, c.request(t)); err != nil {
		return err
	}
	input := &watched{r: conn, header: maxHeader}
	c.reader.Reset(input)
	status, err := readResponse(c.reader, input)
	switch {
	case err != nil && input.err != nil:
		// net/http calls a header that ends early malformed; what happened is what the connection said.
		return input.err
	case err != nil:
		return err
	case status >= 500:
		return fmt.Errorf("HTTP status %d", status)
	}
	return nil
}

func (c *client) request(t Target) string {
	host := t.Address
	if t.Network == "unix" {
		host = "localhost"
	}
	return "GET " + c.options.HTTP + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: supervise-drill\r\nConnection: close\r\n\r\n"
}

// readResponse passes over the interim responses (1xx) that may come before the real one.
func readResponse(r *bufio.Reader, input *watched) (status int, err error) {
	for range 10 {
		response, err := http.ReadResponse(r, nil)
		if err != nil {
			return 0, err
		}
		if response.StatusCode/100 == 1 && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		input.header = -1
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode, err
	}
	return 0, errors.New("too many interim responses")
}

// watched remembers how the connection ended.
type watched struct {
	r      io.Reader
	header int // bytes that may still come before the body; negative: no limit
	err    error
}

func (w *watched) Read(p []byte) (int, error) {
	if w.header == 0 {
		return 0, errors.New("the response header is too long")
	}
	if w.header > 0 && len(p) > w.header {
		p = p[:w.header]
	}
	n, err := w.r.Read(p)
	if w.header > 0 {
		w.header -= n
	}
	if err != nil {
		w.err = err
	}
	return n, err
}
