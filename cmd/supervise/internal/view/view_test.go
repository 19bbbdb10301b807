package view

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata/name; colours are shown as «31»text«0».
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.NewReplacer("\x1b[", "«", "\r", "⏎").Replace(got)
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s differs (go test -update writes it), got:\n%s", path, got)
	}
}

var start = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

func pointer[T any](v T) *T { return &v }

// busy is a status with a bit of everything.
func busy() supervisor.Status {
	return supervisor.Status{
		Version: "v1.2.3", KeeperPID: 100, Config: "app.hcl", StartedAt: start,
		Listeners: []supervisor.ListenerStatus{
			{Name: "web", Address: "tcp://[::]:8080", Backlog: supervisor.Backlog{Configured: 4096, Effective: 4096}, Services: []string{"app", "api"}},
			{Name: "short", Address: "tcp4://0.0.0.0:9", Backlog: supervisor.Backlog{Configured: 9999, Effective: 128}, Queue: 128, Held: true, Services: []string{"api"}},
			{Name: "max", Address: "unix:///run/x.sock", Backlog: supervisor.Backlog{Configured: 0, Effective: 4096}, Queue: 3},
			{Name: "dns", Address: "udp://[::]:53", Backlog: supervisor.Backlog{Effective: -1}, Queue: -1},
			{Name: "own", Address: "tcp://[::]:81", Backlog: supervisor.Backlog{Configured: 5, Effective: 5}, Steering: "ebpf", Members: []supervisor.MemberStatus{
				{Service: "app", Generation: 2, Current: true, Share: 0.475}, {Service: "app", Generation: 2, Worker: 1, Current: true, Share: 0.475}, {Service: "app", Generation: 3, Share: 0.05}, {Generation: 0}}},
			{Name: "free", Address: "tcp://[::]:82", Backlog: supervisor.Backlog{Configured: 5, Effective: 5}, Steering: "cbpf", Members: []supervisor.MemberStatus{{Current: true, Share: 1}}},
		},
		Services: []supervisor.ServiceStatus{
			{Name: "app", State: "rolling-out", Generation: 2, Restarts: 3, Workers: []supervisor.WorkerStatus{
				{Index: 0, Generation: 2, PID: 201, Phase: "ready", StartedAt: at(10), ReadyAt: pointer(at(11)), Connections: 17, Status: "serving \x1b[31mred"},
				{Index: 1, Generation: 2, PID: 202, Phase: "draining", StartedAt: at(10), Connections: 2},
				{Index: 0, Generation: 3, PID: 203, Phase: "starting", StartedAt: at(3700), Connections: -1},
			}, Rollout: &supervisor.RolloutStatus{From: 2, To: 3, Step: "ready", Ready: 0, Workers: 2}},
			{Name: "api", State: "degraded", Generation: 1, Reason: "worker 0 exited with status 1", Workers: []supervisor.WorkerStatus{
				{Index: 0, Generation: 1, Phase: "gone", RetryAt: pointer(at(3725)), Connections: -1, LastExit: "exited with status 1"},
			}},
			{Name: "off", State: "stopped"},
		},
	}
}

func TestStatus(t *testing.T) {
	golden(t, "status.txt", Status(busy(), at(3720), Paint{}))
	golden(t, "status-colour.txt", Status(busy(), at(3720), Paint{On: true}))
	golden(t, "status-empty.txt", Status(supervisor.Status{Version: "v1", StartedAt: start}, at(5), Paint{}))
	golden(t, "introduction.txt", Introduction(busy(), Paint{}))
}

func TestPlan(t *testing.T) {
	env := func(n string) []string { return []string{"LISTEN_FDS=1", "WORKER=" + n} }
	files := []supervisor.PlannedFile{{FD: 0, What: "/dev/null"}, {FD: 1, What: "output"}, {FD: 3, Listener: "web", What: "tcp://[::]:8080"}}
	worker := func(n int, command ...string) supervisor.WorkerPlan {
		return supervisor.WorkerPlan{Service: "app", Worker: n, Command: command, Directory: "/srv", User: "www", Env: env(string(rune('0' + n))), Files: files}
	}
	asked := worker(0, "haproxy", "-x", "/run/w0/haproxy.sock")
	asked.Serves = []supervisor.PlannedSocket{{Protocol: "haproxy", Path: "/run/w0/haproxy.sock"}}
	asked.Parent, asked.Warnings = "a small process that takes SIGTERM from it", []string{"it goes wrong\x1b, do that instead", "and again"}
	plan := Plan{
		Config: "app.hcl", Control: "/run/supervise/app.sock", Warnings: []string{"app.hcl:3: warning: odd\n  3 | odd"},
		Listeners: []PlanListener{
			{Name: "web", Address: "tcp://[::]:8080", TakeFrom: "pid:7", Backlog: supervisor.Backlog{Configured: 64, Effective: 64}, Limit: 4096, Options: map[string]string{"tos": "4", "no_delay": "true"}},
			{Name: "cut", Address: "tcp://[::]:8081", Backlog: supervisor.Backlog{Configured: 9999, Effective: 4096}, Limit: 4096},
			{Name: "max", Address: "tcp://[::]:8082", Backlog: supervisor.Backlog{Effective: 4096}, Limit: 4096},
			{Name: "dns", Address: "udp://[::]:53", Backlog: supervisor.Backlog{Effective: -1}},
			{Name: "own", Address: "tcp://[::]:81", Sharing: "generation", Backlog: supervisor.Backlog{Configured: 64, Effective: 64}, Limit: 4096},
			{Name: "each", Address: "tcp://[::]:82", Sharing: "worker", Backlog: supervisor.Backlog{Configured: 64, Effective: 64}, Limit: 4096},
		},
		Services: []PlanService{
			{Name: "app", Handoff: []string{"systemd", "einhorn"}, Strategy: "overlap", Ready: "auto", Timeout: "30s", Stop: "SIGTERM", Ending: "30s",
				Workers: []supervisor.WorkerPlan{worker(0, "./app", "it's", ""), worker(1, "./app", "it's", ""), worker(2, "./app", "--last")}},
			{Name: "proxy", Preset: "haproxy", Handoff: []string{"haproxy"}, Strategy: "overlap", Ready: "notify", Timeout: "30s", Stop: "SIGUSR1", Drain: "1m0s", Ending: "30s",
				Workers: []supervisor.WorkerPlan{asked}},
		},
		Serves: []PlanServe{
			{Name: "holder", Protocol: "s6-fdholder", Address: "unix:///run/h.sock", Listeners: []string{"web", "dns"}, Mode: "0660", Group: "deploy", Users: []string{"www", "33"}, Store: []string{"app.*"}},
			{Name: "zerg", Protocol: "zerg", Address: "unix://@zerg", Listeners: []string{"web"}},
		},
	}
	golden(t, "plan.txt", plan.String(Paint{}))
	golden(t, "plan-colour.txt", plan.String(Paint{On: true}))
	golden(t, "plan-empty.txt", Plan{Control: "/c.sock"}.String(Paint{}))
}

// rollout is what happens, good or bad.
func rollout(bad bool) []supervisor.Event {
	e := func(s float64, kind string, generation int, message string) supervisor.Event {
		return supervisor.Event{Time: at(s), Kind: kind, Service: "app", Generation: generation, Message: message}
	}
	w := func(s float64, kind string, generation, worker, pid int, message string) supervisor.Event {
		ev := e(s, kind, generation, message)
		ev.Worker, ev.PID = &worker, pid
		return ev
	}
	events := []supervisor.Event{
		e(0, supervisor.KindStart, 2, "generation 2 is being started (overlap)"),
		w(0.1, supervisor.KindWorkerStarted, 2, 0, 31, "worker started"),
		w(0.1, supervisor.KindWorkerStarted, 2, 1, 32, "worker started"),
		w(0.4, supervisor.KindWorkerReady, 2, 1, 32, "worker ready after 300ms"),
	}
	if bad {
		failed := w(0.5, supervisor.KindWorkerFailed, 2, 0, 31, "worker failed")
		failed.Error = "exited with status 3\nreally"
		back := e(0.6, supervisor.KindRollback, 2, "generation 2 failed, generation 1 goes on")
		back.Error = "exited with status 3"
		return append(events, failed, back)
	}
	return append(events,
		w(0.5, supervisor.KindWorkerReady, 2, 0, 31, "worker ready after 400ms"),
		e(0.5, supervisor.KindReady, 2, "generation 2 is ready (2 workers)"),
		e(0.5, supervisor.KindBake, 2, "generation 2 must stay healthy for 1s"),
		e(1.5, supervisor.KindPromote, 2, "generation 2 is the current one"),
		e(1.5, supervisor.KindDrain, 1, "generation 1 finishes"),
		w(1.6, supervisor.KindWorkerExited, 1, 0, 21, "worker exited"),
		w(1.7, supervisor.KindWorkerExited, 1, 1, 22, "worker exited"),
		e(1.7, supervisor.KindRetire, 1, "generation 1 is gone"))
}

func TestSteps(t *testing.T) {
	for name, c := range map[string]struct {
		bad, terminal bool
	}{"steps-plain.txt": {}, "steps-live.txt": {terminal: true}, "steps-plain-bad.txt": {bad: true}, "steps-live-bad.txt": {bad: true, terminal: true}} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			v := NewSteps(&b, Paint{On: c.terminal}, c.terminal, "app", start)
			v.Tick(at(0))
			var err error
			for _, e := range rollout(c.bad) {
				v.Event(e)
				v.Tick(e.Time.Add(50 * time.Millisecond))
			}
			if c.bad {
				err = errors.New("rolled back")
			}
			v.Done(err, at(2))
			golden(t, name, b.String())
		})
	}
}

func TestEventText(t *testing.T) {
	for want, e := range map[string]supervisor.Event{
		"configuration reloaded":              {Message: "configuration reloaded"},
		"listener web: new connections wait":  {Listener: "web", Message: "new connections wait"},
		"app: gone":                           {Service: "app", Message: "gone"},
		"app.3/1: worker failed (pid 5): a b": {Service: "app", Generation: 3, Worker: pointer(1), PID: 5, Message: "worker failed", Error: "a\nb"},
		"app: bell \uFFFD":                    {Service: "app", Message: "bell \a"},
	} {
		if got := EventText(e); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDrill(t *testing.T) {
	good := drill.Result{Restarts: 20, Attempts: 20000, OK: 20000, Latency: drill.Latency{P50: 0.5, P99: 3.25, Max: 40}}
	bad := drill.Result{Restarts: 2, Attempts: 100, OK: 97, EOF: 2, Refused: 1, Failed: []string{"attempt 7: refused\x07"}}
	golden(t, "drill.txt", Drill(good, Paint{}))
	for _, want := range []string{"attempt 7: refused\uFFFD", "\n1 refused: ", "\n2 eof: ", "\n3 connections were lost\n"} {
		if got := Drill(bad, Paint{}); !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := Drill(drill.Result{Attempts: 9, OK: 8, Reset: 1}, Paint{}); !strings.HasSuffix(got, "\n1 connection was lost\n") || !strings.Contains(got, "supervise presets NAME") {
		t.Errorf("got %q", got)
	}
	for want, p := range map[string]drill.Progress{
		"5 of 10 connections, 1 of 2 restarts, 0 lost":                        {Attempts: 5, Connections: 10, Restarts: 1, Planned: 2},
		"5 of 10 connections, 1 of 2 restarts, restart 2 is going on, 3 lost": {Attempts: 5, Connections: 10, Restarts: 1, Planned: 2, Restarting: 2, Lost: 3},
		"15 connections, 1 of 2 restarts, restart 2 is going on, 0 lost":      {Attempts: 15, Connections: 10, Restarts: 1, Planned: 2, Restarting: 2},
	} {
		if got := DrillProgress(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAge(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": -time.Second, "5s": 5*time.Second + 999*time.Millisecond, "3m10s": 190 * time.Second, "2h5m": 125 * time.Minute, "4d3h": 99 * time.Hour,
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestCommandCanBePasted(t *testing.T) {
	for want, argv := range map[string][]string{
		"./app --x=1":          {"./app", "--x=1"},
		`sh -c 'echo "$HOME"'`: {"sh", "-c", `echo "$HOME"`},
		`a ''`:                 {"a", ""},
		`'it'\''s'`:            {"it's"},
		"'tab here'":           {"tab\there"},
		"'two\uFFFDlines'":     {"two\nlines"},
	} {
		if got := Command(argv); got != want {
			t.Errorf("Command(%q) = %q, want %q", argv, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var table Table
	p := Paint{On: true}
	table.Row("A", "EMPTY", "B")
	if !table.Empty() {
		t.Error("a header alone is empty")
	}
	table.Row(p.Bad("ünï"), "", "x")
	table.Row("y", "", "zz")
	want := "A    B\n" + p.Bad("ünï") + "  x\ny    zz\n"
	if got := table.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPaint(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if !NewPaint(true).On || NewPaint(false).On {
		t.Error("colours are for terminals")
	}
	t.Setenv("TERM", "dumb")
	if NewPaint(true).On {
		t.Error("TERM=dumb has none")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if NewPaint(true).On {
		t.Error("NO_COLOR wants none")
	}
	p := Paint{On: true}
	for _, s := range []string{"running", "starting", "degraded", "stopped", ""} {
		if got := p.State(s); width(got) != len(s) {
			t.Errorf("width of %q is %d", got, width(got))
		}
	}
}

// The line breaks of an error with an excerpt must not tear a line apart, nor show as unprintable.
func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"no such file\n    With \"-\" it may be missing.": `no such file With "-" it may be missing.`,
		"two  spaces stay": "two  spaces stay",
		"\x1b[31mred":      "\uFFFD[31mred",
	} {
		if got := OneLine(in); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", in, got, want)
		}
	}
}
