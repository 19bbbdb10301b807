//go:build linux

package legacy

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// server is one folder.
type server struct {
	name, program string
	install       string   // Debian's packages
	build         []string // shell commands in its folder
	port          int      // the one that is written there
	path          string   // what to ask for; "" to connect only
	mode          string   // how its socket becomes supervise's
	group         bool     // it goes into the background, where only a control group finds it
}

var servers = []server{
	{name: "nginx", program: "nginx", install: "nginx-light", port: 8151, path: "/", mode: "own"},
	{name: "redis", program: "redis-server", install: "redis-server", port: 8152, mode: "own"},
	{name: "node", program: "node", install: "nodejs", port: 8153, path: "/", mode: "own"},
	{name: "java", program: "javac", install: "default-jdk-headless", port: 8154, path: "/", mode: "own"},
	{name: "python", program: "python3", install: "python3", port: 8155, path: "/app.hcl", mode: "own"},
	{name: "gunicorn", program: "gunicorn", install: "gunicorn", port: 8156, path: "/", mode: "own"},
	// net.Listen makes sockets of multipath TCP, which cannot be steered themselves.
	{name: "go", program: "go", install: "golang", build: []string{"CGO_ENABLED=0 go build -o bin/go main.go"}, port: 8157, path: "/", mode: "inject"},
	{name: "epoll", program: "cc", install: "gcc libc6-dev", build: []string{"mkdir bin && cc -O2 -Wall -Wextra -Werror -static -o bin/epoll server.c"}, port: 8158, path: "/", mode: "own"},
	{name: "blocking", program: "cc", install: "gcc libc6-dev", build: []string{"mkdir bin && cc -O2 -Wall -Wextra -Werror -o bin/blocking server.c"}, port: 8159, path: "/", mode: "own"},
	{name: "daemon", program: "nginx", install: "nginx-light", port: 8160, path: "/", mode: "own", group: true},
}

// TestProcLegacy restarts every server under load. All are killed by SIGKILL, and no connection is lost.
func TestProcLegacy(t *testing.T) {
	restarts, connections := 20, 4000
	if testing.Short() || raceEnabled {
		restarts, connections = 4, 800
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			require(t, s.program, s.install)
			if s.group {
				requireGroups(t)
			}
			site := run(t, s)
			if w := site.worker(s.name, isReady); len(w.Adopted) != 1 || w.Adopted[0] != (supervisor.AdoptedStatus{Listener: "web", Mode: s.mode}) || w.NotIntercepted != "" {
				t.Fatalf("worker %+v", w)
			}
			r, err := drill.Run(t.Context(), drill.Options{
				Targets: []drill.Target{{Network: "tcp", Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(site.port))}},
				HTTP:    s.path, Clients: 16, Restarts: restarts, Connections: connections, Timeout: patience,
				Restart: func(ctx context.Context, _ int) error { return site.client.Restart(ctx, s.name, nil) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.Lost() > 0 || r.Restarts != restarts {
				t.Errorf("lost %+v\n%q", r, r.Failed)
			}
			if w := site.worker(s.name, isReady); w.Generation != restarts+1 || w.NotIntercepted != "" {
				t.Errorf("worker %+v", w)
			}
			t.Logf("%d restarts, %d connections, lost %d, slowest %.0f ms", r.Restarts, r.Attempts, r.Lost(), r.Latency.Max)
		})
	}
}

// TestServers: every folder is in the table, and its configuration is what the table says.
func TestServers(t *testing.T) {
	files, err := filepath.Glob("*/app.hcl")
	if err != nil || len(files) != len(servers) {
		t.Fatalf("%d folders for %d servers, %v", len(files), len(servers), err)
	}
	for _, s := range servers {
		file := filepath.Join(s.name, "app.hcl")
		c, err := config.Load(file, config.Host{Environ: os.Environ(), CPUs: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: warnings %q", file, c.Warnings)
		}
		if len(c.Services) != 1 || c.Services[0].Name != s.name || !c.Services[0].Adopts() || c.Services[0].Stop.Signal != "SIGKILL" {
			t.Errorf("%s: services %+v", file, c.Services)
		}
		if l := c.Listeners[0]; int(l.Address.Port) != s.port || l.Sharing != "generation" {
			t.Errorf("%s: listener %+v", file, l)
		}
		if text, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a line that says what it is (%v)", file, err)
		}
	}
}

func requireGroups(t *testing.T) {
	t.Helper()
	switch _, err := cgroup.Find(); {
	case err == nil:
	case os.Getenv("SUPERVISE_REQUIRE_ALL") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// require skips a test whose program is not installed, but not where everything must be.
func require(t *testing.T, program, install string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	text := program + " is not installed (apt-get install --no-install-recommends " + install + ")"
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatal(text)
	}
	t.Skip(text)
}
