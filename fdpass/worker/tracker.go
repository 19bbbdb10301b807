package worker

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// tracker knows the connections that http.Server.Shutdown would drop: those which are accepted, or whose
// request is read, while no handler has that request yet.
type tracker struct {
	changed chan struct{} // holds a token after the set became empty

	mu      sync.Mutex
	waiting map[net.Conn]struct{}
}

type connKey struct{}

// track puts a tracker into srv, in front of the hooks and the handler that it has.
func track(srv *http.Server) *tracker {
	t := &tracker{changed: make(chan struct{}, 1), waiting: map[net.Conn]struct{}{}}
	srv.ConnState = t.connState(srv.ConnState)
	srv.ConnContext = connContext(srv.ConnContext)
	srv.Handler = t.handler(srv.Handler)
	return t
}

// connState is called by net/http with StateNew before Serve can return, and with StateActive when a
// request is read, before the look at the mark that Shutdown sets.
func (t *tracker) connState(next func(net.Conn, http.ConnState)) func(net.Conn, http.ConnState) {
	return func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew, http.StateActive:
			t.add(c)
		default:
			t.remove(c)
		}
		if next != nil {
			next(c, s)
		}
	}
}

func connContext(next func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		ctx = context.WithValue(ctx, connKey{}, c)
		if next != nil {
			ctx = next(ctx, c)
		}
		return ctx
	}
}

func (t *tracker) handler(next http.Handler) http.Handler {
	if next == nil {
		next = http.DefaultServeMux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			t.remove(c)
		}
		next.ServeHTTP(w, r)
	})
}

func (t *tracker) add(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[c] = struct{}{}
}

func (t *tracker) remove(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, c)
	if len(t.waiting) == 0 {
		select {
		case t.changed <- struct{}{}:
		default:
		}
	}
}

// wait returns when no connection is in danger, or when ctx is done.
func (t *tracker) wait(ctx context.Context) {
	for !t.empty() {
		select {
		case <-t.changed:
		case <-ctx.Done():
			return
		}
	}
}

func (t *tracker) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) == 0
}
