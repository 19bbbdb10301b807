package drill

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// abort closes with RST instead of FIN.
func abort(c net.Conn) {
	readRequest(c)
	if tcp, is := c.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
}

// hang answers nothing until the client has left.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// silent ignores even the end of what the client has to say, until release is closed.
func silent(release <-chan struct{}) func(net.Conn) {
	return func(net.Conn) { <-release }
}

func TestRunCountsEachClass(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHeader) + "\r\n\r\n"
	for name, c := range map[string]struct {
		handle func(net.Conn)
		want   class
	}{
		"complete":             {reply(answer), ok},
		"chunked":              {reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), ok},
		"ended by close":       {reply("HTTP/1.1 200 OK\r\n\r\nas long as it lasts"), ok},
		"interim response":     {reply("HTTP/1.1 103 Early Hints\r\n\r\n" + answer), ok},
		"not found":            {reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), ok},
		"no content":           {reply("HTTP/1.1 204 No Content\r\n\r\n"), ok},
		"reset":                {abort, reset},
		"nothing":              {reply(""), eof},
		"within status":        {reply("HTT"), eof},
		"within header":        {reply("HTTP/1.1 200 OK\r\nContent-Le"), eof},
		"short body":           {reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), eof},
		"short chunk":          {reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"), eof},
		"no last chunk":        {reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), eof},
		"only interim":         {reply("HTTP/1.1 103 Early Hints\r\n\r\n"), eof},
		"never":                {hang, timeout},
		"status 503":           {reply("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), other},
		"not HTTP":             {reply("SSH-2.0-OpenSSH_9.2p1\r\n" + strings.Repeat("x", 10000)), other},
		"header without end":   {reply(long), other},
		"too many of them":     {reply(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20)), other},
		"not HTTP, but prompt": {reply("+OK\r\n\r\n\r\n"), other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Targets: []Target{serveTCP(t, c.handle)}, HTTP: "/x", Connections: 20, Clients: 4}
			if c.want == reset {
				underWine(t, "a reset is an end of file sometimes")
			}
			if c.want == timeout {
				o.Timeout = 50 * time.Millisecond
			}
			expect(t, o, c.want)
		})
	}
}

// expect runs a drill in which every attempt ends in the same class.
func expect(t *testing.T, o Options, want class) Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	counts := [numClasses]int{r.OK, r.Refused, r.Reset, r.EOF, r.Timeout, r.Other}
	for kind, n := range counts {
		if (class(kind) == want) != (n == r.Attempts) || r.Attempts < o.Connections {
			t.Errorf("got %d %v of %d, all should be %v: %q", n, class(kind), r.Attempts, want, r.Failed)
		}
	}
	if len(r.Explain()) != len(r.Failed)/failedPerClass || (want == ok) != (r.Lost() == 0) {
		t.Errorf("%d lost: %d explanations, %q", r.Lost(), len(r.Explain()), r.Failed)
	}
	return r
}

func TestRunConnectOnly(t *testing.T) {
	release := make(chan struct{})
	for name, c := range map[string]struct {
		handle func(net.Conn)
		want   class
	}{
		"closed at once":     {func(net.Conn) {}, ok},
		"closed after us":    {hang, ok},
		"says something":     {func(c net.Conn) { _, _ = io.WriteString(c, "220 ready\r\n"); hang(c) }, ok},
		"reset":              {func(c net.Conn) { hang(c); abort(c) }, reset},
		"neither nor":        {silent(release), timeout},
		"reset after a word": {func(c net.Conn) { _, _ = io.WriteString(c, "220"); hang(c); abort(c) }, reset},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "reset after a word" {
				underWine(t, "a reset behind data that was read is an end of file sometimes")
			}
			o := Options{Targets: []Target{serveTCP(t, c.handle)}, Connections: 20, Clients: 4}
			if c.want == timeout {
				o.Timeout = 50 * time.Millisecond
				t.Cleanup(func() { close(release) })
			}
			expect(t, o, c.want)
		})
	}
}

func TestRunRefused(t *testing.T) {
	client, err := net.Dial("tcp", serveTCP(t, hang).Address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// Nobody listens at a client's own port, and nobody else gets it.
	expect(t, Options{Targets: []Target{{"tcp", client.LocalAddr().String()}}, HTTP: "/", Connections: 10}, refused)
}

func TestRunIPv6(t *testing.T) {
	expect(t, Options{Targets: []Target{serve(t, "tcp6", "[::1]:0", reply(answer))}, HTTP: "/", Connections: 100}, ok)
}

func TestRunTakesTargetsInTurn(t *testing.T) {
	var hits [3]atomic.Int64
	var o Options
	for i := range hits {
		o.Targets = append(o.Targets, serveTCP(t, func(c net.Conn) { hits[i].Add(1); reply(answer)(c) }))
	}
	o.HTTP, o.Connections, o.Clients = "/", 30, 5
	expect(t, o, ok)
	for i := range hits {
		if n := hits[i].Load(); n != 10 {
			t.Errorf("target %d got %d of 30", i, n)
		}
	}
}

func TestRunSendsOneRequest(t *testing.T) {
	got := make(chan string, 1)
	target := serveTCP(t, func(c net.Conn) {
		var asked strings.Builder
		reads := io.TeeReader(io.LimitReader(c, 500), &asked)
		for b := make([]byte, 1); !strings.HasSuffix(asked.String(), "\r\n\r\n"); {
			if _, err := reads.Read(b); err != nil {
				break
			}
		}
		_, _ = io.WriteString(c, answer)
		_, _ = io.Copy(io.Discard, reads) // until the client leaves
		got <- asked.String()
	})
	_, err := Run(t.Context(), Options{Targets: []Target{target}, HTTP: "/a?b=c", Connections: 1, Clients: 1})
	want := "GET /a?b=c HTTP/1.1\r\nHost: " + target.Address + "\r\nUser-Agent: supervise-drill\r\nConnection: close\r\n\r\n"
	if text := <-got; err != nil || text != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
}

// A clock is answered also while nobody answers the clients, and nothing else tells how far it is.
func TestRunTellsAtEachTick(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	target := serveTCP(t, func(c net.Conn) {
		if readRequest(c) {
			first()
			<-release
			_, _ = io.WriteString(c, answer)
		}
	})
	tick, told := make(chan time.Time), make(chan Progress)
	now := func() Progress {
		tick <- time.Time{}
		return <-told
	}
	go func() {
		<-asked
		if got, want := now(), (Progress{Connections: 2, Planned: 1}); got != want {
			t.Errorf("before the first answer: %+v, want %+v", got, want)
		}
		release <- struct{}{}
	}()
	restart := func(context.Context, int) error {
		if got := now(); got.Attempts != 1 || got.Restarting != 1 || got.Restarts != 0 || got.Lost != 0 {
			t.Errorf("in the restart: %+v", got)
		}
		close(release)
		return nil
	}
	expect(t, Options{
		Targets: []Target{target}, HTTP: "/", Connections: 2, Clients: 1, Restarts: 1, Restart: restart,
		Tick: tick, Progress: func(p Progress) { told <- p },
	}, ok)
}

func TestRunChecksOptions(t *testing.T) {
	here := []Target{{"tcp", "127.0.0.1:1"}}
	for want, o := range map[string]Options{
		"there is nothing to connect to": {},
		"a number is negative":           {Targets: here, Clients: -1},
		"nobody to restart the service":  {Targets: here, Restarts: 1},
		`must begin with "/"`:            {Targets: here, HTTP: "x"},
		"no spaces":                      {Targets: here, HTTP: "/ HTTP/1.1\r\nX: y"},
	} {
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", o, err, want)
		}
	}
}

func TestRunStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target := serveTCP(t, func(c net.Conn) { cancel(); hang(c) })
	r, err := Run(ctx, Options{Targets: []Target{target}, HTTP: "/", Restarts: 1, Restart: func(context.Context, int) error { return nil }})
	if !errors.Is(err, context.Canceled) || r.Attempts != 0 {
		t.Errorf("got %+v, %v: attempts called off do not count", r, err)
	}
}
