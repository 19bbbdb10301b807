package pipe

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// past is a deadline that is over.
var past = time.Unix(1, 0)

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newListener(t testing.TB) *Listener {
	t.Helper()
	l := must[*Listener](t)(Listen(Random("supervise-test-"), Options{}))
	t.Cleanup(func() { l.Close() })
	return l
}

// pair is a connection: the server's end first.
func pair(t testing.TB) (server, client *Conn) {
	t.Helper()
	l := newListener(t)
	client = must[*Conn](t)(Dial(t.Context(), l.Addr().String()))
	server = must[net.Conn](t)(l.Accept()).(*Conn)
	t.Cleanup(func() {
		server.Close()
		client.Close()
	})
	return server, client
}

func TestBothDirections(t *testing.T) {
	server, client := pair(t)
	for _, ends := range [][2]*Conn{{server, client}, {client, server}} {
		if _, err := ends[0].Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		if n, err := ends[1].Read(b); err != nil || string(b[:n]) != "hello" {
			t.Errorf("%q, %v", b[:n], err)
		}
	}
	if server.LocalAddr().Network() != "pipe" || !IsPath(client.RemoteAddr().String()) {
		t.Errorf("addresses %v, %v", server.LocalAddr(), client.RemoteAddr())
	}
}

// TestMuch is more than the kernel keeps, at both ends at once.
func TestMuch(t *testing.T) {
	server, client := pair(t)
	text := strings.Repeat("0123456789", 100_000)
	var all sync.WaitGroup
	for _, c := range []*Conn{server, client} {
		all.Go(func() {
			if _, err := io.WriteString(c, text); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			b := make([]byte, len(text))
			if _, err := io.ReadFull(c, b); err != nil || string(b) != text {
				t.Errorf("something else came, %v", err)
			}
		})
	}
	all.Wait()
}

// TestCloseKeepsWhatWasWritten: an answer is there for one who reads it late.
func TestCloseKeepsWhatWasWritten(t *testing.T) {
	server, client := pair(t)
	if _, err := server.Write([]byte("the answer")); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if b, err := io.ReadAll(client); err != nil || string(b) != "the answer" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to nobody: %v", err)
	}
}

func TestCloseInterrupts(t *testing.T) {
	server, client := pair(t)
	ended := make(chan error)
	go func() {
		_, err := server.Read(make([]byte, 1))
		ended <- err
	}()
	go func() {
		_, err := io.WriteString(client, strings.Repeat("x", 1<<20))
		ended <- err
	}()
	// The reader takes one byte and ends; the writer is full.
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	client.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	client2 := server
	go func() {
		_, err := io.Copy(io.Discard, client2)
		ended <- err
	}()
	if err := <-ended; err != nil {
		t.Errorf("the rest: %v", err)
	}
	server.Close()
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

// TestListenerDeadline: one that is over, and one that Accept waits for. After it the listener goes on.
func TestListenerDeadline(t *testing.T) {
	l := newListener(t)
	for _, at := range []time.Time{past, time.Now().Add(20 * time.Millisecond)} {
		_ = l.SetDeadline(at)
		if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	_ = l.SetDeadline(time.Time{})
	client := must[*Conn](t)(Dial(t.Context(), l.Addr().String()))
	defer client.Close()
	must[net.Conn](t)(l.Accept()).Close()
}

// TestScarce: what runs out for a while must not end an http.Server.
func TestScarce(t *testing.T) {
	l := newListener(t)
	for err, want := range map[error]bool{
		windows.ERROR_NO_SYSTEM_RESOURCES: true,
		windows.ERROR_NOT_ENOUGH_MEMORY:   true,
		windows.ERROR_ACCESS_DENIED:       false,
		net.ErrClosed:                     false,
	} {
		got := l.failed(err)
		var passing interface{ Temporary() bool }
		if !errors.Is(got, err) || !errors.As(got, &passing) || passing.Temporary() != want {
			t.Errorf("%v is %v", err, got)
		}
	}
}

func TestDeadlines(t *testing.T) {
	server, client := pair(t)
	_ = server.SetReadDeadline(past)
	_, err := server.Read(make([]byte, 1))
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	_ = client.SetWriteDeadline(past)
	if _, err := client.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
	_ = server.SetDeadline(time.Time{})
	_ = client.SetDeadline(time.Time{})
	ended := make(chan error)
	go func() {
		_, err := server.Read(make([]byte, 1))
		ended <- err
	}()
	_ = server.SetReadDeadline(past) // before or while it waits
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read that waits: %v", err)
	}
	_ = server.SetReadDeadline(time.Time{})
	if _, err := client.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if n, err := server.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("after the deadline: %d, %v", n, err)
	}
}

func TestAcceptEnds(t *testing.T) {
	l := newListener(t)
	ended := make(chan error)
	for range 2 {
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
	}
	l.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := Dial(t.Context(), l.Addr().String()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody is there, and yet %v", err)
	}
}

func TestAcceptDeadline(t *testing.T) {
	l := newListener(t)
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	_ = l.SetDeadline(past)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	_ = l.SetDeadline(time.Time{})
	client := must[*Conn](t)(Dial(t.Context(), l.Addr().String()))
	defer client.Close()
	must[net.Conn](t)(l.Accept()).Close()
}

// TestManyClients has more of them at a time than instances wait.
func TestManyClients(t *testing.T) {
	const clients = 40
	l := newListener(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, io.LimitReader(c, 5))
			}()
		}
	}()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range 10 {
				c, err := Dial(t.Context(), l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = c.Write([]byte("hello"))
				if b, err := io.ReadAll(c); err != nil || string(b) != "hello" {
					t.Errorf("%q, %v", b, err)
				}
				c.Close()
			}
		})
	}
	all.Wait()
}

// TestDialWaits: all instances are taken, and the caller goes.
func TestDialWaits(t *testing.T) {
	l := newListener(t)
	for range instances {
		defer must[*Conn](t)(Dial(t.Context(), l.Addr().String())).Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, l.Addr().String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	ended := make(chan error)
	go func() {
		c, err := Dial(t.Context(), l.Addr().String())
		if err == nil {
			c.Close()
		}
		ended <- err
	}()
	must[net.Conn](t)(l.Accept()).Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestListenTwice(t *testing.T) {
	l := newListener(t)
	for _, path := range []string{l.Addr().String(), strings.ToUpper(l.Addr().String())} {
		if _, err := Listen(path, Options{}); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := Receive(l.Addr().String(), 10); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	l.Close()
	must[*Listener](t)(Listen(l.Addr().String(), Options{})).Close()
}

func TestListenRefuses(t *testing.T) {
	for path, group := range map[string]string{"web": "", `\\.\pipe\`: "", Path(strings.Repeat("x", 300)): "", Path("a\x00b"): "", Path(`a\b`): "", Path("group"): "Nobody"} {
		if l, err := Listen(path, Options{Group: group}); err == nil || !strings.HasPrefix(err.Error(), "cannot listen on pipe ") {
			t.Errorf("%q: %v, %v", path, l, err)
		}
	}
}

func TestClient(t *testing.T) {
	server, client := pair(t)
	own := must[string](t)(User())
	who, err := server.Client()
	if err != nil || who.PID != os.Getpid() || who.User != own || !slices.Contains(who.Groups, "S-1-1-0") { // Everyone
		t.Errorf("%+v, %v; we are %s", who, err, own)
	}
	client.Close()
	if who, err := server.Client(); err == nil && who.PID != os.Getpid() {
		t.Errorf("of one that is gone: %+v", who)
	}
	server.Close()
	if _, err := server.Client(); err == nil {
		t.Error("of a closed connection")
	}
}

// TestGroup is what one member of a group may do: connect, and nothing else.
func TestGroup(t *testing.T) {
	const users = "S-1-5-32-545"
	l := must[*Listener](t)(Listen(Random("supervise-test-"), Options{Group: users}))
	defer l.Close()
	list := must[string](t)(describe(l))
	if !strings.Contains(list, ";;;BU)") || !strings.Contains(list, ";;;SY)") || strings.Contains(list, "(D;") || strings.Contains(list, ";;;WD)") {
		t.Errorf("access list %s", list)
	}
}
