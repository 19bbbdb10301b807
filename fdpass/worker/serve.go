package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// DefaultDrain is how long Serve lets requests finish: less than the 30 s after which supervise
// kills a worker (stop.timeout), so that the worker still reports what it had to cut off.
const DefaultDrain = 25 * time.Second

// silence is how long a connection may stay without a complete request before a drain no longer waits
// for it. It is net/http's own figure: Shutdown counts such a connection as idle after 5 s.
const silence = 5 * time.Second

type drainKey struct{}

// WithDrain returns a context with which Serve lets requests finish for at most d, instead of
// DefaultDrain.
func WithDrain(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, drainKey{}, d)
}

func drainTime(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(drainKey{}).(time.Duration); ok {
		return d
	}
	return DefaultDrain
}

// Serve accepts and serves HTTP connections from l until ctx is done (see Stopping), and then stops without
// losing one. It owns srv and l from here on and wraps srv's Handler, ConnContext and ConnState, keeping
// those that are there; so every listener needs a Server of its own. For TLS, pass tls.NewListener(l, config).
//
// It returns nil when everything is answered, and an error if serving failed or if requests had to be cut off
// after DefaultDrain (or WithDrain).
//
// Why not http.Server.Shutdown: it marks the server as stopping first, and a connection that finds this mark
// after its first request was read is closed without an answer (golang/go#75591). A worker that is replaced under
// load meets such connections all the time. A request is out of danger only when a handler has it. So the order is:
//
//  1. tell the supervisor STOPPING=1;
//  2. close the listener: the kernel gives new connections to the other holders of the socket;
//  3. wait for http.Server.Serve to return: whatever accept(2) gave us is known by now;
//  4. keep-alives off: answers say "Connection: close", idle connections are closed;
//  5. wait until a handler has the first request of every connection that is new, or it has been silent for 5 s;
//  6. Shutdown, which now only has to wait for handlers.
//
// One loss is left that only clients can prevent: a request sent on an idle keep-alive connection in
// the moment in which it is closed. HTTP clients repeat such requests (RFC 9112, 9.3.1).
func Serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	t := track(srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("cannot serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	_ = tellStopping()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime(ctx))
	defer cancel()
	release(l)
	go l.Close() // waits for accept(2), and so would we
	select {
	case <-served:
	case <-limit.Done():
		go srv.Close() // waits for accept(2) as well
		return errors.New("cannot stop accepting in time: another process made the shared listener blocking (O_NONBLOCK)")
	}
	return drain(limit, srv, t)
}

// drain stops a server that accepts nothing any more.
func drain(limit context.Context, srv *http.Server, t *tracker) error {
	srv.SetKeepAlivesEnabled(false)
	grace, cancel := context.WithTimeout(limit, silence)
	defer cancel()
	t.wait(grace)
	err := srv.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		srv.Close()
		return errors.New("cannot finish all requests in time: the remaining connections were closed")
	}
	return err
}
