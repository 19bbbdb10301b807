//go:build linux

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// fakeStatus answers for a supervise at a control socket.
func fakeStatus(t *testing.T, status supervisor.Status) *control.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/status" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		_ = json.NewEncoder(w).Encode(status)
	})}
	go func() { _ = server.Serve(l) }()
	client := control.NewClient(path)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client
}

// TestCheck has a listener of our own: we are keeper and worker at once, and what is wrong is only said.
func TestCheck(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port, ours := l.Addr().(*net.TCPAddr).Port, os.Getpid()
	kept := supervisor.Backlog{Configured: 1024, Effective: 1024}
	nobody := 1 << 30
	for name, c := range map[string]struct {
		service, state         string
		backlog                supervisor.Backlog
		keeper, worker, socket int
		want                   string
	}{
		"good":           {"app", "running", kept, ours, ours, port, ""},
		"cut backlog":    {"app", "running", supervisor.Backlog{Configured: 1024, Effective: 511}, ours, ours, port, `the backlog of listener "web" is 511 in place of 1024`},
		"degraded":       {"app", "degraded", kept, ours, ours, port, `service "app" is not running`},
		"another":        {"web", "running", kept, ours, ours, port, `service "app" is not running`},
		"nobody listens": {"app", "running", kept, ours, ours, 1, "0 sockets listen on port 1"},
		"not supervise":  {"app", "running", kept, nobody, ours, port, "is not the one of supervise"},
		"not the worker": {"app", "running", kept, ours, nobody, port, "no process of worker 0 (pid 1073741824) has the socket"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{port: c.socket, client: fakeStatus(t, supervisor.Status{
				KeeperPID: c.keeper,
				Listeners: []supervisor.ListenerStatus{{Name: "web", Backlog: c.backlog}},
				Services:  []supervisor.ServiceStatus{{Name: c.service, State: c.state, Workers: []supervisor.WorkerStatus{{PID: c.worker}}}},
			})}
			err := s.check(t.Context(), "app")
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// TestCheckUnreachable: without an answer nothing is right.
func TestCheckUnreachable(t *testing.T) {
	client := control.NewClient(filepath.Join(t.TempDir(), "none.sock"))
	defer client.Close()
	if err := (&site{client: client}).check(t.Context(), "app"); err == nil {
		t.Error("a supervise that is not there is fine")
	}
}

// TestProcLost: a server that keeps everything, as the table says, and does not, fails the command, which tells of what it lost and of workers that did not end by themselves.
func TestProcLost(t *testing.T) {
	bad := server{name: "bad", programs: []string{"python3"}, install: "python3", port: 8199, keeps: true}
	require(t, bad)
	built, err := build(t.Context(), here(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	built.folder = withFault(t, "no answer")
	rows, err := built.measureAll(t.Context(), []server{bad}, options{restarts: 1, clients: 2, connections: 20}, t.TempDir(), &said)
	if len(rows) != 1 || err == nil || err.Error() != "bad: connections were lost that should not have been" {
		t.Errorf("%+v, %v", rows, err)
	}
	if !strings.HasPrefix(said.String(), "bad ...\n  ") {
		t.Errorf("it said %q", said.String())
	}
	if !strings.Contains(said.String(), "\n  generation 1: worker was killed by SIGTERM\n") {
		t.Errorf("it did not say how the worker ended: %q", said.String())
	}
}
