//go:build unix

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
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
		"not executable": {`["/etc/passwd"]`, "30s", "not executable"},
		"not there":      {`["DIR/nothing"]`, "30s", "no such file"},
	}
	for name, tt := range broken {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, app).started()
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

func TestProcKilledWorker(t *testing.T) {
	r := newRig(t, app).started()
	pids := r.pids("app")
	stop := load(r.address("web"), 4)
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		r.awaitEvent(func(e Event) bool {
			return e.Kind == KindWorkerFailed && e.PID == pid && strings.Contains(e.Error, "SIGKILL")
		})
	}
	r.awaitQuiet("app", 2)
	_, errs := stop()
	for _, err := range errs {
		if errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("refused: %v", err)
		}
	}
	if r.status().Services[0].Restarts != 2 {
		t.Errorf("restarts %d", r.status().Services[0].Restarts)
	}
}

func TestProcReadiness(t *testing.T) {
	admin := freePort(t)
	tests := map[string]string{
		"newline": `command = ["SELF", "worker", "newline"]
			ready { when = "newline" }`,
		"newline at a number": `command = ["SELF", "worker", "newline"]
			ready { 
				when = "newline" 
				fd = 9 
			}`,
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
	if child == 0 || syscall.Kill(child, 0) != nil {
		t.Fatalf("no child: %q", r.lines("app"))
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Error(err)
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)); err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("the child survived: %s", stat)
	}
}

// TestProcEnvironment checks what a worker is told, and what it is not.
func TestProcEnvironment(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/outer")
	t.Setenv("LISTEN_FDS", "7")
	t.Setenv("FROM_OUTSIDE", "yes")
	r := newRig(t, web+`service "app" {
		command     = ["SELF", "worker", "env"]
		listeners   = ["web"]
		environment = { PORT = "${listener.web.port}", FD = "${listener.web.fd}", N = "${9000 + worker.index}", G = "${generation}" }
		ready {
			when = "log"
			pattern = "that was all"
		}
	}`).started()
	_, port, _ := net.SplitHostPort(r.address("web"))
	lines := r.lines("app")
	for _, want := range []string{"PORT=" + port, "FD=3", "N=9000", "G=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "SUPERVISE_SERVICE=app",
		"EINHORN_FD_0=3", "SERVER_STARTER_PORT=127.0.0.1:" + port + "=3", "FROM_OUTSIDE=yes", "LISTEN_PID=" + strconv.Itoa(r.pids("app")[0])} {
		if !slices.Contains(lines, want) {
			t.Errorf("missing %s", want)
		}
	}
	if slices.Contains(lines, "NOTIFY_SOCKET=/outer") {
		t.Error("the outer NOTIFY_SOCKET leaked")
	}
}

// TestProcForeignNotify checks that only the worker can say that it is ready.
func TestProcForeignNotify(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "wait"]
		ready { when = "notify" }
	}`)
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
	c, err := net.Dial("unixgram", filepath.Join(r.dir, "app.1.0.notify"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "READY=1"); err != nil {
		t.Fatal(err)
	}
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerIgnored })
	if e.PID != os.Getpid() || r.status().Services[0].Workers[0].Phase != "starting" {
		t.Errorf("event %+v, status %+v", e, r.status().Services[0])
	}
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

// TestProcDescriptors checks that restarts leave nothing behind, here and in a fresh worker.
func TestProcDescriptors(t *testing.T) {
	// A shell opens nothing once it speaks; a program that is still being loaded has its libraries open.
	r := newRig(t, web+`service "app" {
		command   = ["sh", "-c", "echo up; sleep 1000 & wait"]
		listeners = ["web"]
		workers   = 2
		ready {
			when    = "log"
			pattern = "^up$"
		}
	}`).started()
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	r.awaitQuiet("app", 2)
	mine := descriptors(os.Getpid())
	rounds := 100
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		if err := r.restart("app"); err != nil {
			t.Fatal(err)
		}
	}
	r.awaitQuiet("app", 2)
	if got := descriptors(os.Getpid()); got > mine {
		t.Errorf("supervise has %d descriptors, had %d", got, mine)
	}
	if got := descriptors(r.pids("app")[0]); got != 4 {
		t.Errorf("a worker has %d descriptors, want 0, 1, 2 and its listener", got)
	}
	if left, _ := filepath.Glob(r.dir + "/*"); len(left) != 4 { // two folders, two notify sockets
		t.Errorf("left in the runtime folder: %q", left)
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

func TestProcSignalAndNames(t *testing.T) {
	r := newRig(t, app).started()
	if err := r.m.Signal(t.Context(), "app", "SIGNONE"); err == nil {
		t.Error("no such signal, no error")
	}
	if err := r.m.Signal(t.Context(), "app", "KILL"); err != nil {
		t.Error(err)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed })
	var unknown *NotFoundError
	if err := r.restart("nope"); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "app") {
		t.Errorf("error %v", err)
	}
	if err := r.m.Hold(t.Context(), "nope"); !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
}

func TestProcHold(t *testing.T) {
	r := newRig(t, app).started()
	address := r.address("web")
	if err := r.m.Hold(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if !r.status().Listeners[0].Held {
		t.Error("status does not say that it is held")
	}
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
		_, err := http.DefaultClient.Do(req)
		answer <- err
	}()
	if err := r.m.Release(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
	cancel()
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
	text := strings.ReplaceAll("service \"app\" {\n command = [\"SELF\", \"worker\", \"hang\"]\n ready { settle = \"10ms\" }\n stop { timeout = \"1h\" }\n}", "SELF", os.Args[0])
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
