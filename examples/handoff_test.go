//go:build linux

package examples_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The bars of a drain: workers come and go while clients open one connection per request. Two workers share
// the socket at any time, three during a handover.
const (
	handovers  = 5
	clients    = 8
	perHandoff = 200 // connections between two handovers, all clients together
)

func httpExamples() []example {
	return []example{{
		name: "hello", tool: "go", install: "golang",
		build: func(t *testing.T, dir string) []string {
			binary := filepath.Join(dir, "hello")
			compile(t, "go", "build", "-o", binary, "./hello")
			return []string{binary}
		},
	}, {
		name: "python", tool: "python3", install: "python3",
		build: func(t *testing.T, _ string) []string {
			return []string{require(t, "python3", "python3"), absolute(t, "python", "hello.py")}
		},
	}, {
		name: "node", tool: "node", install: "nodejs", log: "listening", draining: "draining",
		build: func(t *testing.T, _ string) []string {
			return []string{require(t, "node", "nodejs"), absolute(t, "node", "hello.js")}
		},
	}, {
		name: "c", tool: "cc", install: "gcc libc6-dev",
		build: func(t *testing.T, dir string) []string {
			binary := filepath.Join(dir, "hello")
			compile(t, "cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, filepath.Join("c", "hello.c"))
			return []string{binary}
		},
	}}
}

func TestProcExamples(t *testing.T) {
	for _, e := range httpExamples() {
		t.Run(e.name, func(t *testing.T) {
			require(t, e.tool, e.install)
			command := e.build(t, t.TempDir())
			t.Run("handovers", func(t *testing.T) { testHandovers(t, e, command) })
			t.Run("late request", func(t *testing.T) { testLateRequest(t, e, command) })
		})
	}
}

// testLateRequest lets a client be slow: its connection is accepted, the worker is told to stop and takes no more
// connections, and only then comes the request.
func testLateRequest(t *testing.T, e example, command []string) {
	socket, address := listen(t)
	p := start(t, command, 1, socket)
	p.hears(e.log, "READY=1")
	slow := connect(t, address)
	// The queue is first in, first out: when a later connection is answered, this one has been accepted.
	if err := get(address); err != nil {
		t.Fatal(err)
	}
	p.terminate()
	p.hears(e.draining, "STOPPING=1")
	if err := ask(slow); err != nil {
		t.Errorf("the accepted connection was dropped: %v", err)
	}
	p.await()
}

func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// testHandovers replaces the oldest of two workers again and again under load and counts what gets no answer.
func testHandovers(t *testing.T, e example, command []string) {
	socket, address := listen(t)
	generation := 0
	next := func() *process {
		generation++
		p := start(t, command, generation, socket)
		p.hears(e.log, "READY=1")
		return p
	}
	workers := []*process{next(), next()}
	load := startLoad(t, address)
	for range handovers {
		<-load.turn
		workers = append(workers, next())
		workers[0].stop()
		workers = workers[1:]
	}
	load.clients.Wait()
	for _, p := range workers {
		p.stop()
	}
	total := handovers * perHandoff
	if lost := load.lost.Load(); lost > 0 {
		t.Errorf("%d of %d connections lost in %d handovers", lost, total, handovers)
	}
	t.Logf("%d connections, %d handovers, %d lost", total, handovers, load.lost.Load())
}

// listen opens the socket that the workers share, as fdpass does: raw, and never through the file of a net.Listener,
// whose Fd makes the socket blocking for every process that holds it.
func listen(t *testing.T) (*os.File, string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "web")
	t.Cleanup(func() { f.Close() })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 1024); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return f, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

// load is a bounded number of requests, and a turn for a handover after every perHandoff of them.
type load struct {
	sent, lost atomic.Int64
	clients    sync.WaitGroup
	turn       chan bool
}

func startLoad(t *testing.T, address string) *load {
	l := &load{turn: make(chan bool, handovers)}
	for range clients {
		l.clients.Go(func() {
			for n := l.sent.Add(1); n <= handovers*perHandoff; n = l.sent.Add(1) {
				if err := get(address); err != nil {
					l.lost.Add(1)
					t.Logf("connection %d: %v", n, err)
				}
				if n%perHandoff == 0 {
					l.turn <- true
				}
			}
		})
	}
	return l
}

var body = regexp.MustCompile(`\r\n\r\nhello from \w+: generation \d+ worker 0 pid \d+\n$`)

// get makes one request on a connection of its own.
func get(address string) error {
	c, err := net.DialTimeout("tcp", address, 20*time.Second)
	if err != nil {
		return fmt.Errorf("not accepted: %w", err)
	}
	defer c.Close()
	return ask(c)
}

// ask sends a request, and reads the answer to the end of the connection.
func ask(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("cannot send: %w", err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		return fmt.Errorf("cannot receive: %w", err)
	}
	if !strings.HasPrefix(string(text), "HTTP/1.1 200 OK\r\n") || !body.Match(text) {
		return fmt.Errorf("answer %q", text)
	}
	return nil
}
