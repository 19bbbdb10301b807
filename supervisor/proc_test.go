package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

func TestProcRestartUnderLoad(t *testing.T) {
	r := newRig(t, app).started()
	stop := load(r.address("web"), 4)
	for range 5 {
		if err := r.restart("app"); err != nil {
			t.Error(err)
		}
	}
	n, errs := stop()
	if len(errs) > 0 || n == 0 {
		t.Errorf("%d requests, lost: %v", n, errs)
	}
	if got, err := get(r.address("web")); err != nil || !strings.HasPrefix(got, "6 ") {
		t.Errorf("answer %q, %v", got, err)
	}
}

// TestProcRollback checks that a broken version takes nothing away: same processes, no lost connection, and the reason told.
func TestProcRollback(t *testing.T) {
	broken := map[string]struct{ command, timeout, want string }{
		"exits":          {`["SELF", "worker", "fail"]`, "30s", "exited with status 7"},
		"hangs":          {`["SELF", "worker", "hang"]`, "300ms", "was not ready after 300ms"},
		"not executable": {`["DIR/plain.exe"]`, "30s", notExecutable},
		"not there":      {`["DIR/nothing"]`, "30s", notThere},
	}
	for name, tt := range broken {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, app).started()
			if err := os.WriteFile(filepath.Join(r.dir, "plain.exe"), []byte("no program"), 0o600); err != nil {
				t.Fatal(err)
			}
			before := r.pids("app")
			stop := load(r.address("web"), 2)
			r.rewrite(web + `service "app" {
				command   = ` + tt.command + `
				listeners = ["web"]
				workers   = 2
				ready {
					when    = "notify"
					timeout = "` + tt.timeout + `"
				}
				stop { timeout = "100ms" }
			}`)
			_, err := r.m.Reload(t.Context(), func(Event) {})
			var rolledBack *RolloutError
			if !errors.As(err, &rolledBack) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("reload: %v, want %q", err, tt.want)
			} else if name == "exits" && !slices.Contains(rolledBack.Output, "the database is on fire") {
				t.Errorf("output %q", rolledBack.Output)
			}
			if _, errs := stop(); len(errs) > 0 {
				t.Errorf("lost: %v", errs)
			}
			r.awaitQuiet("app", 2)
			if after := r.pids("app"); !slices.Equal(before, after) {
				t.Errorf("pids %v became %v", before, after)
			}
			if err := r.restart("app"); err != nil { // its old configuration is still the one in force
				t.Errorf("restart after it: %v", err)
			}
		})
	}
}

func TestProcReadiness(t *testing.T) {
	admin := freePort(t)
	tests := map[string]string{
		"newline": `command = ["SELF", "worker", "newline"]
			ready { when = "newline" }`,
		"log": `command = ["SELF", "worker", "wait"]
			ready { 
				when = "log" 
				pattern = "worker wait of generation ${generation}" 
			}`,
		"exec": `command = ["SELF", "worker", "wait"]
			ready { 
				when = "exec" 
				command = ["SELF", "worker", "exists", "DIR"] 
			}`,
		"http": `command = ["SELF", "worker", "serve"]
			listeners = ["web"]
			ready { 
				when = "http" 
				url = "http://127.0.0.1:` + admin + `/" 
			}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			head := ""
			if name == "http" {
				head = `listener "web" { address = "tcp://127.0.0.1:` + admin + `" }`
			}
			r := newRig(t, head+"\nservice \"app\" {\n"+text+"\n}\n").started()
			if got := r.status().Services[0].State; got != "running" {
				t.Errorf("state %q", got)
			}
		})
	}
	t.Run("exec that fails", func(t *testing.T) {
		r := newRig(t, `service "app" {
			command = ["SELF", "worker", "wait"]
			ready {
				when     = "exec"
				command  = ["SELF", "worker", "exists", "DIR/flag"]
				interval = "20ms"
			}
		}`)
		r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
		if err := os.WriteFile(filepath.Join(r.dir, "flag"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r.started()
	})
}

func TestProcDependsOn(t *testing.T) {
	r := newRig(t, `
		service "a" {
			command    = ["SELF", "worker", "wait"]
			depends_on = ["b"]
			ready { settle = "10ms" }
		}
		service "b" {
			command    = ["SELF", "worker", "wait"]
			depends_on = ["c"]
			ready { settle = "10ms" }
		}
		service "c" {
			command = ["SELF", "worker", "wait"]
			ready { settle = "10ms" }
		}`).started()
	var order []string
	note := func(e Event) error {
		if e.Kind == KindWorkerStarted || e.Kind == KindServiceStopped {
			order = append(order, e.Service)
		}
		return nil
	}
	_ = r.m.Events(t.Context(), false, note)
	if got := strings.Join(order, ""); got != "cba" {
		t.Errorf("started in the order %s", got)
	}
	order = nil
	at := r.m.journal.position()
	r.m.Shutdown()
	<-r.m.done
	events, _, _ := r.m.journal.since(at)
	for _, e := range events {
		_ = note(e)
	}
	if got := strings.Join(order, ""); got != "abc" {
		t.Errorf("stopped in the order %s", got)
	}
}

func TestProcStopKeepsListener(t *testing.T) {
	r := newRig(t, app).started()
	address := r.address("web")
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() { // waits in the backlog
		_, err := get(address)
		answer <- err
	}()
	if err := r.m.Start(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
}

// TestProcHooks checks that hooks run as processes, with what they print in the service's log.
func TestProcHooks(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "wait"]
		ready { settle = "10ms" }
		hooks {
			before_start = ["SELF", "worker", "touch", "DIR/built.${generation}"]
			after_stop   = ["SELF", "worker", "fail"]
		}
	}`).started()
	if _, err := os.Stat(filepath.Join(r.dir, "built.1")); err != nil {
		t.Error(err)
	}
	if err := r.restart("app"); err != nil {
		t.Error(err)
	}
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindHookFailed })
	if !strings.Contains(e.Error, "exited with status 7") || !slices.Contains(r.lines("app"), "the database is on fire") {
		t.Errorf("event %+v, lines %q", e, r.lines("app"))
	}
}

func TestProcFileOutput(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "wait"]
		output  = "file://DIR/out.log"
		ready { 
			when = "log" 
			pattern = "worker wait" 
		}
	}`).started()
	text, err := os.ReadFile(filepath.Join(r.dir, "out.log"))
	if err != nil || !strings.Contains(string(text), "worker wait of generation 1\n") {
		t.Errorf("file %q, %v", text, err)
	}
	if err := r.m.ReopenOutput(); err != nil {
		t.Error(err)
	}
}

// TestProcKill checks the way out when something hangs: cancelling Run's context ends every process at once.
func TestProcKill(t *testing.T) {
	k, err := keeper.NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	text := strings.ReplaceAll("service \"app\" {\n command = [\"SELF\", \"worker\", \"hang\"]\n ready { settle = \"10ms\" }\n stop { timeout = \"1h\" }\n}", "SELF", filepath.ToSlash(os.Args[0]))
	cfg, err := config.Parse("test.hcl", []byte(text), config.Host{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Options{Config: cfg, Keeper: k, RuntimeDir: t.TempDir(), Environ: os.Environ(), Log: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	<-m.Started()
	m.Shutdown()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := m.Reload(t.Context(), nil); err == nil {
		t.Error("a reload without a file succeeded")
	}
}

func TestProcKilledWorker(t *testing.T) {
	r := newRig(t, app).started()
	pids := r.pids("app")
	stop := load(r.address("web"), 4)
	for _, pid := range pids {
		slay(t, pid)
		r.awaitEvent(func(e Event) bool {
			return e.Kind == KindWorkerFailed && e.PID == pid && strings.Contains(e.Error, slain)
		})
	}
	r.awaitQuiet("app", 2)
	_, errs := stop()
	for _, err := range errs {
		if isRefused(err) {
			t.Errorf("refused: %v", err)
		}
	}
	if r.status().Services[0].Restarts != 2 {
		t.Errorf("restarts %d", r.status().Services[0].Restarts)
	}
}

// TestProcTree checks that nothing of a worker's process tree survives it.
func TestProcTree(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "tree"]
		ready {
			when    = "log"
			pattern = "^child"
		}
	}`).started()
	child := 0
	for _, line := range r.lines("app") {
		if rest, ok := strings.CutPrefix(line, "child "); ok {
			child, _ = strconv.Atoi(rest)
		}
	}
	if child == 0 || !alive(child) {
		t.Fatalf("no child: %q", r.lines("app"))
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Error(err)
	}
	if runs(child) {
		t.Error("the child survived")
	}
}
