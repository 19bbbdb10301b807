package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// application is a service of two workers that gives up on a new generation soon. %s is more attributes.
const application = `
listener "web" {
  address = "tcp://127.0.0.1:0"
  backlog = 500
}
service "app" {
  command   = [SELF]
  listeners = ["web"]
  workers   = 2
  %s
  ready {
    when    = "notify"
    timeout = "60s"
  }
}`

// plain is application as it is.
var plain = fmt.Sprintf(application, "")

func TestProcServe(t *testing.T) {
	s := newSite(t, plain)
	st := s.status(t)
	if l := st.Listeners[0]; l.Backlog.Configured != 500 || len(l.Services) != 1 {
		t.Errorf("listener %+v", l)
	}
	if st.KeeperPID != s.cmd.Process.Pid || st.ManagerPID != s.cmd.Process.Pid {
		t.Errorf("keeper %d and manager %d, want %d", st.KeeperPID, st.ManagerPID, s.cmd.Process.Pid)
	}
	if got := get(t, s.address(t, "web"), "/"); !strings.HasPrefix(got, "generation 1 worker ") {
		t.Errorf("answer %q", got)
	}
	environ := get(t, s.address(t, "web"), "/environ")
	for _, want := range []string{"SUPERVISE_SERVICE=app", "SUPERVISE_GENERATION=1"} {
		if !strings.Contains(environ, want) {
			t.Errorf("no %q in %s", want, environ)
		}
	}
	if out := s.does(t, "logs", "app"); !strings.Contains(out, "serving as generation 1 worker 1") {
		t.Errorf("logs %q", out)
	}
	if out := s.does(t, "events"); !strings.Contains(out, "worker ready") {
		t.Errorf("events %q", out)
	}
}

func TestProcRestartScaleStop(t *testing.T) {
	s := newSite(t, plain)
	address := s.address(t, "web")
	s.does(t, "restart", "app")
	if got := get(t, address, "/"); !strings.HasPrefix(got, "generation 2 ") {
		t.Errorf("answer %q", got)
	}
	s.does(t, "scale", "app", "3")
	if got := s.pids(t, "app"); len(got) != 3 {
		t.Errorf("workers %v", got)
	}
	s.does(t, "stop", "app")
	if got := s.status(t).Services[0]; got.State != "stopped" || len(got.Workers) != 0 {
		t.Errorf("service %+v", got)
	}
	c, err := net.Dial("tcp", address) // waits in the backlog
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.does(t, "start", "app")
	if got := get(t, address, "/"); !strings.HasPrefix(got, "generation ") {
		t.Errorf("answer %q", got)
	}
	if code, _, errs := s.verb(t, "restart", "nobody"); code == 0 || !strings.Contains(errs, "nobody") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if code, _, errs := s.verb(t, "upgrade"); code != codeFailed || !strings.Contains(errs, "cannot upgrade: on Windows workers end with supervise; stop it (Ctrl-C") {
		t.Errorf("upgrade: exit code %d, %s", code, errs)
	}
}

// TestProcBadVersion deploys a version that cannot work, under load: nobody notices.
func TestProcBadVersion(t *testing.T) {
	for name, c := range map[string]struct{ command, want string }{
		"exits":          {`SELF, "fail"`, "exited with status 3"},
		"not there":      {`"./nothing.exe"`, "no such file"},
		"not executable": {`"./app.hcl"`, "no program that this machine can run"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, plain)
			before := s.pids(t, "app")
			r := load(t, s.address(t, "web"), 500, func() {
				s.write(t, strings.Replace(plain, "SELF", c.command, 1))
				code, _, errs := s.verb(t, "reload")
				if code != codeFailed || !strings.Contains(errs, c.want) {
					t.Errorf("exit code %d: %s", code, errs)
				}
			})
			if r.Lost() != 0 {
				t.Errorf("lost: %+v", r)
			}
			if after := s.pids(t, "app"); !maps.Equal(before, after) {
				t.Errorf("workers were %v and are %v", before, after)
			}
		})
	}
}

// load drills an address with as many connections as are asked for while meanwhile runs once.
func load(t *testing.T, address string, connections int, meanwhile func()) drill.Result {
	t.Helper()
	r, err := drill.Run(t.Context(), drill.Options{
		Targets: []drill.Target{{Network: "tcp", Address: address}}, HTTP: "/", Connections: connections, Clients: 16, Restarts: 1, Timeout: soon,
		Restart: func(_ context.Context, _ int) error { meanwhile(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProcReload(t *testing.T) {
	s := newSite(t, plain)
	before := s.pids(t, "app")
	s.write(t, strings.Replace(plain, "backlog = 500", "backlog = 600", 1)+`
listener "more" { address = "tcp://127.0.0.1:0" }
service "more" {
  command   = [SELF, "deaf"]
  listeners = ["more"]
  stop { timeout = "100ms" }
}`)
	code, out, errs := s.verb(t, "reload")
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if l := s.status(t).Listeners[0]; l.Backlog.Configured != 600 {
		t.Errorf("listener %+v", l)
	}
	if after := s.pids(t, "app"); !maps.Equal(before, after) {
		t.Errorf("workers were %v and are %v", before, after)
	}
	if got := get(t, s.address(t, "web"), "/"); !strings.HasPrefix(got, "generation 1 ") {
		t.Errorf("answer %q", got)
	}
}

// TestProcReplace restarts a program that cannot run twice: clients wait.
func TestProcReplace(t *testing.T) {
	s := newSite(t, fmt.Sprintf(application, `rollout { strategy = "replace" }`))
	r := load(t, s.address(t, "web"), 300, func() { s.does(t, "restart", "app") })
	if r.Refused != 0 || r.Lost() != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestProcDeaf stops a worker that does nothing about its stop event.
func TestProcDeaf(t *testing.T) {
	s := newSite(t, `
service "app" {
  command = [SELF, "deaf"]
  ready {
    when    = "log"
    pattern = "^up"
  }
  stop { timeout = "300ms" }
}`)
	pid := s.pids(t, "app")[0]
	s.does(t, "stop", "app")
	if lives(t, pid) {
		t.Errorf("process %d lives", pid)
	}
}

// lives waits a moment for the end of a process.
func lives(t *testing.T, pid int) bool {
	t.Helper()
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	event, err := windows.WaitForSingleObject(h, uint32(soon/time.Millisecond))
	return err != nil || event != windows.WAIT_OBJECT_0
}

// TestProcKill checks that workers end with supervise, however that ends.
func TestProcKill(t *testing.T) {
	s := newSite(t, plain)
	pids := s.pids(t, "app")
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	for _, pid := range pids {
		if lives(t, pid) {
			t.Errorf("worker %d lives", pid)
		}
	}
	if code, _, errs := s.verb(t, "status"); code != codeNobody {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// TestProcCtrlC ends supervise as a console does.
func TestProcCtrlC(t *testing.T) {
	underWine(t, "a process of another group hears no Ctrl-Break")
	s := newSite(t, plain)
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(s.cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	s.over(t)
	if !strings.Contains(s.log.String(), "supervise stopped") {
		t.Errorf("it said:\n%s", s.log)
	}
}

// TestProcStops ends supervise by its own stop event.
func TestProcStops(t *testing.T) {
	s := newSite(t, plain)
	if err := windows.SetEvent(s.stops); err != nil {
		t.Fatal(err)
	}
	s.over(t)
	if s.state != nil || !strings.Contains(s.log.String(), "supervise stopped") {
		t.Errorf("%v; it said:\n%s", s.state, s.log)
	}
	left, err := filepath.Glob(filepath.Join(s.dir, "supervise", "*.run"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// TestProcDrill is the promise: restarts under load lose no connection, whichever way the socket is handed over.
func TestProcDrill(t *testing.T) {
	for _, handoff := range []string{"handles", "systemfd"} {
		t.Run(handoff, func(t *testing.T) {
			s := newSite(t, fmt.Sprintf(application, "handoff = [\""+handoff+"\"]"))
			out := s.does(t, "drill", "app", "--restarts", "20", "--clients", "16", "--http", "/", "--connections", "4000", "--json")
			var r drill.Result
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			t.Logf("%+v", r)
			if r.Restarts != 20 || r.Lost() != 0 || r.Attempts < 4000 || r.OK != r.Attempts {
				t.Errorf("got %+v", r)
			}
			if got := get(t, s.address(t, "web"), "/"); !strings.HasPrefix(got, "generation 21 ") {
				t.Errorf("answer %q", got)
			}
		})
	}
}

// TestProcKilledWorker kills a worker under load: what it had is lost with it, but nobody is refused, and it comes back.
func TestProcKilledWorker(t *testing.T) {
	for _, handoff := range []string{"handles", "systemfd"} {
		t.Run(handoff, func(t *testing.T) {
			s := newSite(t, fmt.Sprintf(application, "handoff = [\""+handoff+"\"]"))
			victim := s.pids(t, "app")[0]
			r := load(t, s.address(t, "web"), 1500, func() {
				p, err := os.FindProcess(victim)
				if err == nil {
					err = p.Kill()
				}
				if err != nil {
					t.Error(err)
				}
				s.await(t, supervisor.KindWorkerReady, 3)
			})
			t.Logf("%+v", r)
			if r.Refused != 0 || r.Timeout != 0 || r.Other != 0 || r.Lost() > 16 {
				t.Errorf("got %+v", r)
			}
			if pid := s.pids(t, "app")[0]; pid == victim || pid == 0 {
				t.Errorf("worker 0 is %s", strconv.Itoa(pid))
			}
		})
	}
}
