package registry

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// record keeps log lines.
type record struct {
	mu    sync.Mutex
	lines []map[string]any
	added chan struct{} // one value for each line, never blocks the writer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range bytes.Lines(b) {
		m := map[string]any{}
		if err := json.Unmarshal(line, &m); err != nil {
			return 0, err
		}
		r.lines = append(r.lines, m)
		select {
		case r.added <- struct{}{}:
		default:
		}
	}
	return len(b), nil
}

// find gives the lines whose phrase contains text.
func (r *record) find(text string) []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []map[string]any
	for _, m := range r.lines {
		if strings.Contains(m["@message"].(string), text) {
			found = append(found, m)
		}
	}
	return found
}

// wait gives the first line whose phrase contains text, once there is one.
func (r *record) wait(t *testing.T, text string) map[string]any {
	t.Helper()
	for {
		if found := r.find(text); len(found) > 0 {
			return found[0]
		}
		select {
		case <-r.added:
		case <-t.Context().Done():
			t.Fatalf("no log line %q", text)
		}
	}
}

func (r *record) one(t *testing.T, text string) map[string]any {
	t.Helper()
	found := r.find(text)
	if len(found) != 1 {
		t.Fatalf("%d log lines %q, want one: %v", len(found), text, r.all())
	}
	return found[0]
}

func (r *record) all() []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines
}

func newRecord() (*record, hclog.Logger) {
	rec := &record{added: make(chan struct{}, 10000)}
	return rec, hclog.New(&hclog.LoggerOptions{Output: rec, JSONFormat: true, Level: hclog.Debug})
}

// open gives a registry that the test closes.
func open(t *testing.T, o Options) (*Registry, *record) {
	t.Helper()
	t.TempDir() // is removed after Close then: before, the guard would put the paths back
	rec, log := newRecord()
	o.Log = log
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, rec
}

// listener gives a configured one; edit changes it.
func listener(t *testing.T, name, address string, edit ...func(*config.Listener)) *config.Listener {
	t.Helper()
	a, err := config.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	l := &config.Listener{Name: name, Address: a, Sharing: "all", Where: "app.hcl:1"}
	for _, e := range edit {
		e(l)
	}
	return l
}

func backlog(n int) func(*config.Listener) {
	return func(l *config.Listener) { l.Backlog = n }
}

func apply(t *testing.T, r *Registry, listeners ...*config.Listener) {
	t.Helper()
	c, err := r.Prepare(listeners)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
}

func acquire(t *testing.T, r *Registry, service string, generation int, names ...string) []*Lease {
	t.Helper()
	leases, err := r.Acquire(names, User{service, generation})
	if err != nil {
		t.Fatal(err)
	}
	return leases
}

// socket gives the open socket of a configured listener.
func socket(t *testing.T, r *Registry, name string) *fdpass.Socket {
	t.Helper()
	l := acquire(t, r, "socket", 1, name)[0]
	defer l.Release()
	return l.Socket()
}

func state(t *testing.T, s *fdpass.Socket) fdpass.State {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// inode tells one socket from another.
func inode(t *testing.T, s *fdpass.Socket) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := s.Descriptor().Use(func(fd int) error { return unix.Fstat(fd, &st) }); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// connects is whether a client is taken into the queue of an address.
func connects(a fdpass.Address) bool {
	network, address := a.Network, a.Path
	if address == "" {
		network, address = "tcp", net.JoinHostPort("localhost", port(a))
	}
	if a.Host == "127.0.0.1" {
		address = net.JoinHostPort(a.Host, port(a))
	}
	c, err := net.Dial(network, address)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func port(a fdpass.Address) string {
	s := a.String()
	return s[strings.LastIndexByte(s, ':')+1:]
}

// descriptors counts what this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "s") }

// sameWorker checks that a log line names app.GENERATION/0 with this pid.
func sameWorker(t *testing.T, line map[string]any, generation, pid int) {
	t.Helper()
	if line["service"] != "app" || line["generation"] != float64(generation) || line["worker"] != 0.0 || line["pid"] != float64(pid) {
		t.Errorf("the line does not name worker 0 of generation %d, pid %d: %v", generation, pid, line)
	}
}

// event tells about worker 0 of a generation of service app that has listener web.
func event(r *Registry, generation, pid int, kinds ...string) {
	for _, k := range kinds {
		r.WorkerEvent(WorkerEvent{Service: "app", Generation: generation, PID: pid, Names: []string{"web"}, Kind: k})
	}
}

func socketPriority(t *testing.T, s *fdpass.Socket) (n int) {
	t.Helper()
	err := s.Descriptor().Use(func(fd int) (err error) {
		n, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
