package supervisor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// rig is a whole supervise in the test process, with real workers.
type rig struct {
	t    *testing.T
	m    *Manager
	dir  string
	log  *lockedBuffer
	text atomic.Pointer[string] // what the configuration file says now

	local  *keeper.Local
	keeper *severed // what the manager has of it
	ended  chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newRig starts supervise with a configuration in which SELF is the test binary. It is shut down with the test.
func newRig(t *testing.T, text string) *rig {
	t.Helper()
	r := &rig{t: t, log: &lockedBuffer{}}
	r.dir, _ = os.MkdirTemp("", "sv")
	t.Cleanup(func() { os.RemoveAll(r.dir) })
	if err := os.Chmod(r.dir, 0o711); err != nil {
		t.Fatal(err)
	}
	r.rewrite(text)
	cfg, err := r.load()
	if err != nil {
		t.Fatal(err)
	}
	if r.local, err = keeper.NewLocal(""); err != nil {
		t.Fatal(err)
	}
	r.keeper = sever(r.local)
	r.m, err = New(Options{Config: cfg, Load: r.load, Keeper: r.keeper, RuntimeDir: r.dir, Environ: os.Environ(),
		Log: hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Trace})})
	if err != nil {
		t.Fatal(err)
	}
	r.run()
	t.Cleanup(func() {
		r.m.Shutdown()
		if err := <-r.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		r.local.Close()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// run has the manager live.
func (r *rig) run() {
	m, ended := r.m, make(chan error, 1)
	r.ended = ended
	go func() { ended <- m.Run(context.Background()) }()
}

func (r *rig) rewrite(text string) {
	text = strings.NewReplacer("SLEEP", sleeper(), "SELF", filepath.ToSlash(os.Args[0]), "DIR", filepath.ToSlash(r.dir)).Replace(text)
	r.text.Store(&text)
}

func (r *rig) load() (*config.Config, error) {
	return config.Parse(filepath.Join(r.dir, "test.hcl"), []byte(*r.text.Load()), config.Host{Environ: os.Environ(), CPUs: 2})
}

func (r *rig) started() *rig {
	r.t.Helper()
	select {
	case <-r.m.Started():
	case <-time.After(30 * time.Second):
		r.t.Fatalf("not started:\n%s", r.log.String())
	}
	return r
}

func (r *rig) status() Status {
	r.t.Helper()
	st, err := r.m.Status(r.t.Context(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

func (r *rig) restart(name string) error {
	return r.m.Restart(r.t.Context(), name, func(Event) {})
}

func (r *rig) pids(name string) []int {
	st, err := r.m.Status(r.t.Context(), []string{name})
	if err != nil {
		r.t.Fatal(err)
	}
	var pids []int
	for _, w := range st.Services[0].Workers {
		pids = append(pids, w.PID)
	}
	return pids
}

// address gives host:port of a listener.
func (r *rig) address(name string) string {
	for _, l := range r.status().Listeners {
		if l.Name == name {
			_, rest, _ := strings.Cut(l.Address, "://")
			return rest
		}
	}
	r.t.Fatalf("no listener %q", name)
	return ""
}

// awaitEvent returns the first event that passes the test, waiting for it if need be.
func (r *rig) awaitEvent(want func(Event) bool) Event {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	found := errors.New("found")
	var event Event
	err := r.m.Events(ctx, true, func(e Event) error {
		if want(e) {
			event = e
			return found
		}
		return nil
	})
	if err != found {
		r.t.Fatalf("the event did not come:\n%s", r.log.String())
	}
	return event
}

// get makes one request on a connection of its own.
func get(address string) (string, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	c, err := net.Dial(network, address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	if err == nil && len(answer) == 0 {
		err = io.ErrUnexpectedEOF
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return body, err
}

// load runs clients until the returned function is called, which gives the number of requests and the errors.
func load(address string, clients int) func() (int64, []error) {
	var n atomic.Int64
	var mu sync.Mutex
	var errs []error
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				if _, err := get(address); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
				n.Add(1)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	return func() (int64, []error) {
		close(stop)
		all.Wait()
		return n.Load(), errs
	}
}

const web = `
listener "web" { address = "tcp://127.0.0.1:0" }
`

const app = web + `
service "app" {
  command   = ["SELF", "worker", "serve"]
  listeners = ["web"]
  workers   = 2
}`

// awaitQuiet waits until a service has n workers and no rollout.
func (r *rig) awaitQuiet(name string, n int) {
	r.t.Helper()
	for range 3000 {
		st, err := r.m.Status(r.t.Context(), []string{name})
		if err != nil {
			r.t.Fatal(err)
		}
		if s := st.Services[0]; s.Rollout == nil && len(s.Workers) == n {
			return
		}
		_, _, more := r.m.journal.since(r.m.journal.position())
		select {
		case <-more:
		case <-time.After(10 * time.Millisecond): // a rollout ends after its last event
		}
	}
	r.t.Fatalf("service %s does not settle:\n%s", name, r.log.String())
}

func (r *rig) lines(name string) []string {
	var out []string
	_ = r.m.Logs(r.t.Context(), name, 1000, false, func(l output.Line) error { out = append(out, l.Text); return nil })
	return out
}

// awaitPids gives the processes of a service when its workers are as wanted.
func (r *rig) awaitPids(name string, fit func([]WorkerStatus) bool) (pids []int) {
	r.t.Helper()
	began := time.Now()
	for {
		st, err := r.m.Status(r.t.Context(), []string{name})
		if err != nil {
			r.t.Fatal(err)
		}
		if workers := st.Services[0].Workers; fit(workers) {
			for _, w := range workers {
				pids = append(pids, w.PID)
			}
			return pids
		}
		if time.Since(began) > 30*time.Second {
			r.t.Fatalf("the workers stay %+v:\n%s", st.Services[0].Workers, r.log.String())
		}
	}
}

// awaitLine waits for a line: what a worker prints may come after what it says.
func (r *rig) awaitLine(name, want string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	found := errors.New("found")
	err := r.m.Logs(ctx, name, 1000, true, func(l output.Line) error {
		if l.Text == want {
			return found
		}
		return nil
	})
	if err != found {
		r.t.Errorf("no %q in %q", want, r.lines(name))
	}
}

// reload applies another configuration.
func (r *rig) reload(text string) error {
	r.rewrite(text)
	_, err := r.m.Reload(r.t.Context(), func(Event) {})
	return err
}

// result has f called beside the test and gives what it returns.
func result(f func() error) chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// soon waits for a result that must come.
func (r *rig) soon(c <-chan error) error {
	r.t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(30 * time.Second):
		r.t.Fatalf("no answer:\n%s", r.log.String())
		return nil
	}
}
