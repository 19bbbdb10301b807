package supervisor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

func parseFile(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse(filepath.Join(t.TempDir(), "test.hcl"), []byte(text), config.Host{System: "linux", Environ: []string{"HOME=/h"}, CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const two = `
listener "web" { address = "tcp://127.0.0.1:80" }
listener "admin" { address = "tcp://127.0.0.1:0" }
listener "jobs" { address = "unix:///run/jobs.sock" }
service "app" {
	command   = ["./app", "${listener.web.fd}", "${listener.admin.port}", "${listener.jobs.path}", "${worker.runtime_dir}"]
	listeners = ["jobs", "web"]
	ready { when = "newline" }
	environment = { A = "${worker.index}", PATH = "/mine" }
}`

func TestLayout(t *testing.T) {
	cfg := parseFile(t, two)
	s := spec{service: cfg.Services[0], all: cfg, generation: 4, index: 1,
		addresses: map[string]fdpass.Address{"admin": {Network: "tcp", Host: "127.0.0.1", Port: 4711}}}
	l, err := layoutOf(s, surroundings{environ: []string{"HOME=/h", "LISTEN_FDS=9", "NOTIFY_SOCKET=/x", "SUPERVISE_WORKER=7", "LANG=C"}, runtimeDir: "/run/w"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"./app", "4", "4711", "/run/jobs.sock", "/run/w"}, l.resolved.Command); d != "" {
		t.Error(d)
	}
	if len(l.channels) != 1 || l.channels[0].FD != 5 {
		t.Errorf("channels %v", l.channels)
	}
	want := map[string]string{"HOME": "/h", "LANG": "C", "PATH": "/mine", "A": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "jobs:web", "READY_FD": "5",
		"SUPERVISE_SERVICE": "app", "SUPERVISE_GENERATION": "4", "SUPERVISE_WORKER": "1", "NOTIFY_SOCKET": ""}
	for key, value := range want {
		if l.env[key] != value {
			t.Errorf("%s = %q, want %q", key, l.env[key], value)
		}
	}
}

// TestPrivate: a name that means something on another system only is anybody's.
func TestPrivate(t *testing.T) {
	windows := runtime.GOOS == "windows"
	for key, want := range map[string]bool{"NOTIFY_SOCKET": true, "SUPERVISE_X": true, "LISTEN_FDS": true, "PATH": false, "STOP_EVENT": windows, "READY_HANDLE": windows} {
		if got := private(key); got != want {
			t.Errorf("%s: %t", key, got)
		}
	}
}

// TestReadyTaken checks that a descriptor is not given twice: tableflip's listeners have one for each spelling of their address.
func TestReadyTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		attributes string
		stored     []string
		want       string
	}{
		"listener": {`handoff = ["tableflip"]
			ready {
				when = "newline"
				fd   = 7
			}`, nil, `cannot use ready.fd of service "app": descriptor 7 is listener "web" (take one from 8, or remove the line)`},
		"free": {`handoff = ["tableflip"]
			ready {
				when = "newline"
				fd   = 8
			}`, nil, ""},
		"stored": {`ready {
				when = "crank"
				fd   = 5
			}`, []string{"a"}, `cannot use ready.fd of service "app": descriptor 5 is the stored descriptor "a" (take one from 6, or remove the line)`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := parseFile(t, strings.Replace(two, `ready { when = "newline" }`, tt.attributes, 1))
			_, err := layoutOf(spec{service: cfg.Services[0], all: cfg, generation: 1, storedNames: tt.stored}, surroundings{runtimeDir: "/run/w"})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestBindNonblocking checks which descriptors a worker gets with O_NONBLOCK: all of its listeners, where its handoff says so.
func TestBindNonblocking(t *testing.T) {
	for handoff, want := range map[string][]int{"systemd": nil, "nghttpx": {3, 4}} {
		cfg := parseFile(t, strings.Replace(two, "listeners =", "handoff = [\""+handoff+"\"]\n\tlisteners =", 1))
		l, err := layoutOf(spec{service: cfg.Services[0], all: cfg, generation: 1}, surroundings{runtimeDir: "/run/w"})
		if err != nil {
			t.Fatal(err)
		}
		var p stage.Plan
		l.bind(&p)
		if d := cmp.Diff(want, p.Nonblocking); d != "" {
			t.Errorf("%s: %s", handoff, d)
		}
	}
}

func TestStagePlan(t *testing.T) {
	cfg := parse(t, "umask = \"027\"\nnice = 5\noom_score_adjust = 100\nno_new_privileges = true\nlimits { nofile = 100 }")
	p := stagePlan(spec{service: cfg.Services[0]}, layout{resolved: config.Resolved{Directory: "/d"}}, identity{groups: []uint32{3}}, []string{"x"}, map[string]string{"B": "2", "A": "1"})
	umask, nice, oom := uint32(0o27), 5, 100
	want := stage.Plan{Command: []string{"x"}, Env: []string{"A=1", "B=2"}, Directory: "/d", Groups: []uint32{3}, Umask: &umask, Nice: &nice, OOMScoreAdjust: &oom,
		NoNewPrivileges: true, Limits: []stage.Limit{{Resource: "nofile", Soft: 100, Hard: 100}}}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
}

func TestRestarts(t *testing.T) {
	old := parseFile(t, `
listener "web" { address = "tcp://127.0.0.1:80" }
listener "x" {
	address = "tcp://127.0.0.1:81"
	backlog = 5
}
service "a" {
	command   = ["./a"]
	listeners = ["web"]
}
service "b" {
	command   = ["./b"]
	listeners = ["x"]
}
service "c" { command = ["./c"] }
service "d" { command = ["./d"] }`)
	next := parseFile(t, `
listener "web" { address = "tcp://127.0.0.1:8080" }
listener "x" {
	address = "tcp://127.0.0.1:81"
	backlog = 6
}
service "a" {
	command   = ["./a"]
	listeners = ["web"]
	directory = "/"
}
service "b" {
	command   = ["./b"]
	listeners = ["x"]
	workers   = 3
	stop { timeout = "1s" }
	directory = "/"
}
service "c" {
	command   = ["./c", "changed"]
	directory = "/"
}
service "d" {
	command   = ["./d"]
	directory = "/"
	ready { when = "notify" }
}`)
	changes := config.Diff(old, next)
	for i := range changes.Services { // both files lie in folders of their own, which is no matter here
		changes.Services[i].Attributes = slices.DeleteFunc(changes.Services[i].Attributes, func(a config.AttributeChange) bool { return a.Name == "directory" })
	}
	if d := cmp.Diff(map[string]bool{"a": true, "c": true}, restarts(next, changes)); d != "" {
		t.Errorf("%s%s", d, changes)
	}
	if got := withService(next, old, "c").Service("c"); got != old.Service("c") || next.Service("c") == got {
		t.Error("withService changed the wrong thing")
	}
	if withService(next, old, "nobody") != next {
		t.Error("nothing to put back, but another configuration")
	}
}

// What can never be handed over is said before anything is opened.
func TestVerify(t *testing.T) {
	for n, want := range map[int]string{1: "", maxGiven: "", maxGiven + 1: "a worker can be given 228 sockets at most, and these are 229"} {
		var text strings.Builder
		var names []string
		for i := range n {
			fmt.Fprintf(&text, "listener \"l%d\" { address = \"tcp://127.0.0.1:%d\" }\n", i, 1000+i)
			names = append(names, fmt.Sprintf("%q", fmt.Sprintf("l%d", i)))
		}
		fmt.Fprintf(&text, "service \"app\" {\n command = [\"app\"]\n listeners = [%s]\n}\n", strings.Join(names, ", "))
		cfg, err := config.Parse("app.hcl", []byte(text.String()), config.Host{System: "linux"})
		if err != nil {
			t.Fatal(err)
		}
		err = Verify(cfg)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), fmt.Sprintf(`app.hcl:%d: cannot use handoff of service "app": `, n+1)+want) {
			t.Errorf("%d listeners: got %v", n, err)
		}
	}
}
