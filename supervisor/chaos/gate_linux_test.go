package chaos

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// gateVariable names the socket at which workers and hooks ask the test how to go on.
const gateVariable = "CHAOS_GATE"

// point is where a worker or a hook waits for the test.
type point struct {
	what       string // starting, serving or draining of a worker; else the name of a hook
	service    string
	generation int
	index      int
	pid        int
}

func (p point) String() string {
	return fmt.Sprintf("%s %s %d %d %d", p.what, p.service, p.generation, p.index, p.pid)
}

const (
	goOn = "go"
	exit = "exit"
)

// ask tells the test where this process is and waits for the answer. A process of no test goes on.
func ask(what string) string {
	path := os.Getenv(gateVariable)
	if path == "" {
		return goOn
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		return exit // the test is over
	}
	defer c.Close()
	p := point{what, cmp.Or(os.Getenv("SUPERVISE_SERVICE"), "-"), number("SUPERVISE_GENERATION"), number("SUPERVISE_WORKER"), os.Getpid()}
	fmt.Fprintln(c, p)
	answer, err := io.ReadAll(c)
	if err != nil || len(answer) == 0 {
		return exit
	}
	return string(answer)
}

func number(variable string) (n int) {
	_, _ = fmt.Sscan(os.Getenv(variable), &n)
	return n
}

// gate is the test's side: it answers each process that asks.
type gate struct {
	listener net.Listener

	mu     sync.Mutex
	policy func(ctx context.Context, p point) string // may wait; ctx ends with the test, or with the process that asks
}

func newGate(t testing.TB, path string) *gate {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l}
	g.rule(nil)
	t.Cleanup(func() { l.Close() })
	go g.serve(t.Context())
	return g
}

// rule makes f the one who answers from now on; nil: everybody goes on.
func (g *gate) rule(f func(ctx context.Context, p point) string) {
	if f == nil {
		f = func(context.Context, point) string { return goOn }
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.policy = f
}

func (g *gate) serve(ctx context.Context) {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.answer(ctx, c)
	}
}

func (g *gate) answer(ctx context.Context, c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	if err != nil {
		return
	}
	var p point
	if _, err := fmt.Sscan(line, &p.what, &p.service, &p.generation, &p.index, &p.pid); err != nil {
		return
	}
	g.mu.Lock()
	policy := g.policy
	g.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the process sends nothing more: this is its end
		_, _ = r.ReadByte()
		cancel()
	}()
	_ = c.SetWriteDeadline(time.Now().Add(patience))
	fmt.Fprint(c, policy(ctx, p))
}

// count says how often a hook of a generation has begun and ended, by the file in which it notes both.
func (s *site) hooks(t testing.TB) map[string]int {
	t.Helper()
	text, err := os.ReadFile(s.path("hooks"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		counts[strings.TrimSpace(line)]++
	}
	return counts
}
