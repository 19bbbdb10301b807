package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// site is a running supervise in a folder of its own.
type site struct {
	dir     string
	control string // its address
	cmd     *exec.Cmd
	stops   windows.Handle // the event that ends it
	ended   chan struct{}  // closed when it is gone
	state   error          // of its end
	log     *record
}

// newSite runs a configuration and waits until its services are ready. In it SELF is the worker.
func newSite(t *testing.T, config string) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), control: "pipe://supervise-test-" + rand.Text(), log: &record{}, ended: make(chan struct{})}
	s.write(t, config)
	name := `Local\supervise-test-` + rand.Text()
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	if s.stops, err = windows.CreateEvent(nil, 1, 0, text); err != nil {
		t.Fatal(err)
	}
	s.cmd = s.command("run", "--config", "app.hcl")
	s.cmd.Env = append(os.Environ(), stopEvent+"="+name, "LOCALAPPDATA="+s.dir)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP} // it is sent Ctrl-Break
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.state = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() { s.stop(t) })
	s.started(t)
	return s
}

// command is supervise with these arguments.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{asSupervise}, append(args, "--control", s.control)...)...)
	cmd.Dir = s.dir
	return cmd
}

// started follows the events until all services have been ready.
func (s *site) started(t *testing.T) {
	t.Helper()
	deadline := time.NewTimer(soon)
	defer deadline.Stop()
	for {
		st, err := s.tryStatus()
		if err == nil && running(st) {
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("supervise ended before it was ready: %v\n%s", s.state, s.log)
		case <-deadline.C:
			t.Fatalf("supervise is not ready: %v\n%s", err, s.log)
		default:
		}
	}
}

func running(st supervisor.Status) bool {
	for _, svc := range st.Services {
		if svc.State != "running" {
			return false
		}
	}
	return len(st.Services) > 0
}

func (s *site) tryStatus() (st supervisor.Status, err error) {
	out, err := s.command("status", "--json").Output()
	if err == nil {
		err = json.Unmarshal(out, &st)
	}
	return st, err
}

func (s *site) status(t *testing.T) supervisor.Status {
	t.Helper()
	st, err := s.tryStatus()
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	return st
}

// stop sets the event, waits for the end, and shows what supervise said when the test has failed.
func (s *site) stop(t *testing.T) {
	defer windows.CloseHandle(s.stops)
	if err := windows.SetEvent(s.stops); err != nil {
		t.Error(err)
	}
	s.over(t)
	if s.state != nil && s.cmd.ProcessState.ExitCode() != killedCode {
		t.Errorf("supervise ended with %v", s.state)
	}
	if t.Failed() {
		said := s.log.String()
		t.Logf("supervise said at the end:\n%s", said[max(0, len(said)-4000):])
	}
}

// killedCode is the exit code that os.Process.Kill gives.
const killedCode = 1

func (s *site) over(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(soon):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Error("supervise did not stop")
	}
}

// write replaces the configuration.
func (s *site) write(t *testing.T, config string) {
	t.Helper()
	text := strings.ReplaceAll(config, "SELF", fmt.Sprintf("%q, %q", filepath.ToSlash(os.Args[0]), asWorker))
	if err := os.WriteFile(filepath.Join(s.dir, "app.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// verb runs supervise with arguments and gives its exit code and what it wrote.
func (s *site) verb(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	cmd := s.command(args...)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// does is verb for what must succeed; it gives what was written.
func (s *site) does(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := s.verb(t, args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d\n%s%s", args, code, out, errs)
	}
	return out
}

// await follows the events from the first on until one is of this kind, n times, and gives the last.
func (s *site) await(t *testing.T, kind string, n int) supervisor.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	cmd := s.command("events", "--json", "--follow")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var e supervisor.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if e.Kind == kind {
			n--
		}
		if n == 0 {
			return e
		}
	}
	t.Fatalf("no event %q:\n%s", kind, s.log)
	return supervisor.Event{}
}

// address gives host:port of a listener.
func (s *site) address(t *testing.T, listener string) string {
	t.Helper()
	for _, l := range s.status(t).Listeners {
		if l.Name == listener {
			_, rest, _ := strings.Cut(l.Address, "://")
			return rest
		}
	}
	t.Fatalf("no listener %q", listener)
	return ""
}

// pids are those of a service's workers, by index.
func (s *site) pids(t *testing.T, service string) map[int]int {
	t.Helper()
	pids := map[int]int{}
	for _, svc := range s.status(t).Services {
		for _, w := range svc.Workers {
			if svc.Name == service && w.Generation == svc.Generation {
				pids[w.Index] = w.PID
			}
		}
	}
	return pids
}

// get makes one request on a connection of its own.
func get(t *testing.T, address, path string) string {
	t.Helper()
	client := http.Client{Timeout: soon, Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}}
	answer, err := client.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
