package worker

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a net.Listener without a network, so that synctest can stop its clock.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// bench is a server under test; stop is the signal, done gets what Serve returned.
type bench struct {
	srv  *http.Server
	l    *pipeListener
	stop context.CancelFunc
	done chan error
}

func newBench(t *testing.T, ctx context.Context, srv *http.Server) *bench {
	t.Setenv("NOTIFY_SOCKET", "")
	ctx, stop := context.WithCancel(ctx)
	b := &bench{srv: srv, l: newPipeListener(), stop: stop, done: make(chan error, 1)}
	go func() { b.done <- Serve(ctx, srv, b.l) }()
	return b
}

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// status reads one response and returns its status code, or 0 if the connection ended without one.
func status(c net.Conn) (code int, closes bool) {
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, true
	}
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Close
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func TestServeStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.Context(), &http.Server{Handler: http.HandlerFunc(hello)})
		c := b.l.dial()
		io.WriteString(c, request)
		if code, closes := status(c); code != 200 || closes {
			t.Errorf("status %d, close %v; want 200 and keep-alive", code, closes)
		}
		start := time.Now()
		b.stop()
		if err := <-b.done; err != nil || time.Since(start) > time.Second {
			t.Errorf("idle connection: %v after %v", err, time.Since(start))
		}
	})
}

// TestServeRequestInFlight stops the server at the moment between reading a request and handling it: the one in which
// http.Server.Shutdown drops it.
func TestServeRequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, goOn := make(chan bool), make(chan bool)
		b := newBench(t, t.Context(), &http.Server{
			Handler: http.HandlerFunc(hello),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateActive {
					read <- true
					<-goOn
				}
			},
		})
		c := b.l.dial()
		go io.WriteString(c, request)
		<-read
		b.stop()
		synctest.Wait() // Serve has done what it can do now
		goOn <- true
		if code, closes := status(c); code != 200 || !closes {
			t.Errorf("status %d, close %v; want 200 and close", code, closes)
		}
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
}

func TestServeJustAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.Context(), &http.Server{Handler: http.HandlerFunc(hello)})
		c := b.l.dial()
		b.stop()
		time.Sleep(silence - time.Second)
		go io.WriteString(c, request)
		if code, _ := status(c); code != 200 {
			t.Errorf("status %d, want 200", code)
		}
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
}

func TestServeSilentClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.Context(), &http.Server{Handler: http.HandlerFunc(hello)})
		c := b.l.dial()
		defer c.Close()
		start := time.Now()
		b.stop()
		if err := <-b.done; err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d < silence || d > silence+2*time.Second {
			t.Errorf("a client that says nothing holds up the drain for %v, want about %v", d, silence)
		}
	})
}

func TestServeDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		ctx  func(context.Context) context.Context
		want time.Duration
	}{
		"default": {func(ctx context.Context) context.Context { return ctx }, DefaultDrain},
		"set":     {func(ctx context.Context) context.Context { return WithDrain(ctx, time.Minute) }, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testDeadline(t, c.ctx(t.Context()), c.want) })
		})
	}
}

func testDeadline(t *testing.T, ctx context.Context, want time.Duration) {
	entered, gone := make(chan bool), make(chan bool)
	b := newBench(t, ctx, &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		entered <- true
		<-r.Context().Done() // only the end of the connection ends this one
		close(gone)
	})})
	c := b.l.dial()
	defer c.Close()
	go io.WriteString(c, request)
	<-entered
	start := time.Now()
	b.stop()
	err := <-b.done
	if err == nil || !strings.Contains(err.Error(), "cannot finish all requests") {
		t.Errorf("error %v, want one about unfinished requests", err)
	}
	if d := time.Since(start); d < want || d > want+time.Second {
		t.Errorf("cut off after %v, want %v", d, want)
	}
	<-gone
}

func TestServeAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.Context(), &http.Server{})
		b.l.Close()
		err := <-b.done
		if !errors.Is(err, net.ErrClosed) || !strings.HasPrefix(err.Error(), "cannot serve pipe: ") {
			t.Errorf("error %v, want the listener's", err)
		}
		b.stop()
	})
}

// TestServeKeepsHooks checks that the server's own hooks still run.
func TestServeKeepsHooks(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		var states []string
		b := newBench(t, t.Context(), &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, r.Context().Value(key{}).(string))
			}),
			ConnState:   func(_ net.Conn, s http.ConnState) { states = append(states, s.String()) },
			ConnContext: func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, key{}, "mine") },
		})
		c := b.l.dial()
		go io.WriteString(c, request)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != "mine" {
			t.Errorf("body %q, want what ConnContext put there", body)
		}
		b.stop()
		if err := <-b.done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := strings.Join(states, " "); got != "new active idle closed" {
			t.Errorf("states %q", got)
		}
	})
}

func TestTrackerDefaultMux(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.Context(), &http.Server{})
		c := b.l.dial()
		go io.WriteString(c, request)
		if code, _ := status(c); code != 404 {
			t.Errorf("status %d, want the default mux's 404", code)
		}
		b.stop()
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
}

// stuckListener does not wake Accept when it is closed, as a listener that another process made blocking.
type stuckListener struct {
	*pipeListener
	wake chan struct{}
}

func (l stuckListener) Close() error {
	<-l.wake
	return l.pipeListener.Close()
}

func TestServeStuckAccept(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		l := stuckListener{newPipeListener(), make(chan struct{})}
		stop()
		start := time.Now()
		err := Serve(ctx, &http.Server{}, l)
		if err == nil || !strings.Contains(err.Error(), "cannot stop accepting in time") || time.Since(start) != DefaultDrain {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		close(l.wake)
	})
}
