package worker

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestListenerAccepts(t *testing.T) {
	for _, c := range []struct{ network, host, dial string }{
		{"tcp4", "127.0.0.1", "127.0.0.1"}, {"tcp6", "::1", "::1"}, {"tcp", "::", "127.0.0.1"}, {"tcp", "::", "::1"},
	} {
		t.Run(c.network+" "+c.dial, func(t *testing.T) {
			l := listen(t, open(t, c.network, c.host))
			_, port, err := net.SplitHostPort(l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			client, err := net.Dial("tcp", net.JoinHostPort(c.dial, port))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			echo(t, client, server)
			if got, want := portOf(t, server.RemoteAddr()), portOf(t, client.LocalAddr()); got != want {
				t.Errorf("the peer is at port %s, not %s", got, want)
			}
			if _, ok := server.(*net.TCPConn); !ok {
				t.Errorf("accepted a %T", server)
			}
		})
	}
}

func portOf(t *testing.T, a net.Addr) string {
	t.Helper()
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// echo says something both ways, and to the end.
func echo(t *testing.T, client, server net.Conn) {
	t.Helper()
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		if _, err := io.WriteString(pair[0], "hello"); err != nil {
			t.Fatal(err)
		}
		if err := pair[0].(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(pair[1]); err != nil || string(got) != "hello" {
			t.Errorf("received %q, error %v", got, err)
		}
	}
}

// accepting runs n calls of Accept; each sends what it gets.
type accepted struct {
	c   net.Conn
	err error
}

func accepting(l net.Listener, n int) <-chan accepted {
	got := make(chan accepted, n)
	for range n {
		go func() {
			c, err := l.Accept()
			got <- accepted{c, err}
		}()
	}
	return got
}

// running returns when so many calls of Accept wait in the kernel, or are about to.
func running(l *listener, n int) { inside(&l.gate, n) }

func inside(g *gate, n int) {
	for {
		g.mu.Lock()
		now := len(g.running)
		g.mu.Unlock()
		if now == n {
			return
		}
		runtime.Gosched()
	}
}

func TestListenerClose(t *testing.T) {
	for _, n := range []int{0, 1, 8} {
		l := listen(t, open(t, "tcp4", "127.0.0.1"))
		got := accepting(l, n)
		running(l, n)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for range n {
			a := <-got
			var op *net.OpError
			if a.c != nil || !errors.Is(a.err, net.ErrClosed) || !errors.As(a.err, &op) || op.Op != "accept" {
				t.Errorf("Accept gives %v, %v", a.c, a.err)
			}
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close after Close: %v", err)
		}
		if err := l.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: %v", err)
		}
	}
}

func TestListenerDeadline(t *testing.T) {
	s := open(t, "tcp4", "127.0.0.1")
	l := listen(t, s)
	past := func() error { return l.SetDeadline(time.Unix(1, 0)) }
	isTimeout := func(err error) bool {
		var e net.Error
		return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &e) && e.Timeout()
	}
	got := accepting(l, 2)
	running(l, 2)
	if err := past(); err != nil { // those that wait
		t.Fatal(err)
	}
	for range 2 {
		if a := <-got; !isTimeout(a.err) {
			t.Errorf("Accept gives %v, %v", a.c, a.err)
		}
	}
	if _, err := l.Accept(); !isTimeout(err) { // those that come
		t.Errorf("Accept after the deadline: %v", err)
	}
	if err := l.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !isTimeout(err) { // the clock itself
		t.Errorf("Accept at the deadline: %v", err)
	}
	if err := l.SetDeadline(time.Now().Add(100 * 24 * time.Hour)); err != nil { // more than the kernel takes
		t.Fatal(err)
	}
	got = accepting(l, 1)
	running(l, 1)
	if err := l.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	answered(t, s, got)
}

// answered dials, and wants it accepted.
func answered(t *testing.T, s *fdpass.Socket, got <-chan accepted) {
	t.Helper()
	client, err := net.Dial("tcp", at(s))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	a := <-got
	if a.err != nil {
		t.Fatal(a.err)
	}
	a.c.Close()
}

// TestListenerShared has two listeners of one socket, as two generations have: each gets what it waits for alone, and one goes on when the
// other is closed.
func TestListenerShared(t *testing.T) {
	s := open(t, "tcp4", "127.0.0.1")
	first, second := listen(t, s), listen(t, s)
	a := accepting(first, 1)
	running(first, 1)
	answered(t, s, a)
	a, b := accepting(first, 1), accepting(second, 1)
	running(first, 1)
	running(second, 1)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-a; !errors.Is(got.err, net.ErrClosed) {
		t.Errorf("the first: %v", got.err)
	}
	answered(t, s, b)
}

// TestListenerCloseLosesNothing closes listeners in the moments in which connections come. Every one is accepted by it or by its successor.
func TestListenerCloseLosesNothing(t *testing.T) {
	s := open(t, "tcp4", "127.0.0.1")
	const rounds = 200
	for range rounds {
		old, fresh := listen(t, s), listen(t, s)
		was := accepting(old, 1)
		running(old, 1)
		var both sync.WaitGroup
		var client net.Conn
		both.Go(func() { old.Close() })
		both.Go(func() {
			var err error
			if client, err = net.Dial("tcp", at(s)); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if t.Failed() {
			return
		}
		a := <-was
		if a.err != nil {
			a = <-accepting(fresh, 1)
		}
		if a.err != nil {
			t.Fatal(a.err)
		}
		if _, err := a.c.Write([]byte{1}); err != nil {
			t.Error(err)
		}
		a.c.Close()
		if got, err := io.ReadAll(client); err != nil || len(got) != 1 {
			t.Errorf("the client reads %q, %v", got, err)
		}
		client.Close()
		fresh.Close()
	}
}

// TestListenerAborted accepts the connection after one whose client has gone before it was accepted.
func TestListenerAborted(t *testing.T) {
	s := open(t, "tcp4", "127.0.0.1")
	l := listen(t, s)
	for range 10 {
		c, err := net.Dial("tcp", at(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	last, err := net.Dial("tcp", at(s))
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if c.RemoteAddr() != nil && c.RemoteAddr().String() == last.LocalAddr().String() {
			return
		}
	}
}

// TestListenerLeaks wants no handle and no thread more after ten thousand connections to several calls of Accept at once.
func TestListenerLeaks(t *testing.T) {
	const total, warm, at1, clients = 10000, 500, 4, 8
	s := open(t, "tcp4", "127.0.0.1")
	l := listen(t, s)
	for range at1 {
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				go func() {
					_, _ = io.Copy(io.Discard, c)
					c.Close()
				}()
			}
		}()
	}
	load := func(n int) {
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range n / clients {
					c, err := net.Dial("tcp", at(s))
					if err != nil {
						t.Error(err)
						return
					}
					_ = c.(*net.TCPConn).CloseWrite()
					if _, err := io.Copy(io.Discard, c); err != nil {
						t.Error(err)
					}
					c.Close()
				}
			})
		}
		wg.Wait()
		running(l, at1)
	}
	load(warm)
	handles, tasks := highest(t), threads(t)
	load(total)
	moreHandles, moreTasks := highest(t)-handles, threads(t)-tasks
	t.Logf("%d connections: %d handles, then %+d; %d threads, then %+d", total, handles, moreHandles, tasks, moreTasks)
	if moreHandles > 50 || moreTasks > 20 {
		t.Error("it keeps some")
	}
}

func TestListenerScarce(t *testing.T) {
	l := &listener{addr: &net.TCPAddr{}}
	for err, want := range map[error]bool{windows.WSAEMFILE: true, os.NewSyscallError("WSASocket", windows.WSAENOBUFS): true, windows.WSAENOTSOCK: false} {
		failed := l.failed("accept", err)
		var e interface{ Temporary() bool }
		if errors.As(failed, &e); e.Temporary() != want || !errors.Is(failed, err) {
			t.Errorf("%v: temporary %v, want %v", failed, e.Temporary(), want)
		}
	}
}
