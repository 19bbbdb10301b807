package windows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = 2 * time.Minute

// site is a folder with app.hcl and the worker, and a supervise that runs it.
type site struct {
	t    *testing.T
	wine wine
	dir  string
	file string // the configuration's name
	log  string
	cmd  *exec.Cmd
	over chan struct{} // supervise has ended
}

// newSite makes the folder: the example's file, but for its port, which is free, and further lines of the service.
func newSite(t *testing.T, name, lines string) *site {
	t.Helper()
	s := &site{t: t, wine: enter(t), dir: t.TempDir(), file: name + ".hcl"}
	s.log = filepath.Join(s.dir, "log")
	text, err := os.ReadFile("app.hcl")
	if err != nil {
		t.Fatal(err)
	}
	file := strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:0", `listeners = ["web"]`, "listeners = [\"web\"]\n"+lines).Replace(string(text))
	if err := os.WriteFile(filepath.Join(s.dir, s.file), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(s.wine.program("hello"), filepath.Join(s.dir, "hello.exe")); err != nil {
		t.Fatal(err)
	}
	return s
}

// start runs supervise in the foreground, and returns when the worker is ready.
func (s *site) start() {
	s.t.Helper()
	log, err := os.Create(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = s.wine.command(s.dir, "wine", s.wine.program("supervise"), "--config", s.file)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.over = make(chan struct{})
	go func() {
		defer close(s.over)
		_ = s.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		ended := "went on until now"
		select {
		case <-s.over:
			ended = s.cmd.ProcessState.String()
		default:
		}
		s.kill()
		if text, _ := os.ReadFile(s.log); s.t.Failed() {
			s.t.Logf("supervise %s; its log:\n%s", ended, text)
		}
	})
	s.awaitReady(0)
}

// kill ends supervise at once, as TerminateProcess would.
func (s *site) kill() {
	_ = s.cmd.Process.Kill()
	<-s.over
}

// supervise runs a command of it, and gives what that prints.
func (s *site) supervise(args ...string) (string, error) {
	text, err := s.wine.run(s.dir, append([]string{"wine", s.wine.program("supervise")}, args...)...)
	if err != nil {
		return text, fmt.Errorf("supervise %s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return text, nil
}

func (s *site) status() (supervisor.Status, error) {
	var status supervisor.Status
	text, err := s.supervise("status", "--json", "--config", s.file)
	if err == nil {
		err = json.Unmarshal([]byte(text), &status)
	}
	return status, err
}

// awaitReady asks until there is a worker that is ready and not that with process number but, and gives its number.
func (s *site) awaitReady(but int) int {
	s.t.Helper()
	deadline := time.Now().Add(soon)
	for {
		status, err := s.status()
		if err == nil && len(status.Services) == 1 {
			for _, w := range status.Services[0].Workers {
				if w.Phase == "ready" && w.PID != but {
					return w.PID
				}
			}
		}
		select {
		case <-s.over:
			s.t.Fatal("supervise has ended")
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no worker is ready: %+v, %v", status, err)
		}
	}
}

// address is where the listener is.
func (s *site) address() string {
	s.t.Helper()
	status, err := s.status()
	if err != nil || len(status.Listeners) != 1 {
		s.t.Fatalf("no address: %+v, %v", status, err)
	}
	u, err := url.Parse(status.Listeners[0].Address)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Host
}

// The bars of a drill.
const (
	restarts = 20
	clients  = 16
)

// drill makes load, from Linux, while do is done again and again.
func (s *site) drill(do func(n int) error) drill.Result {
	s.t.Helper()
	result, err := drill.Run(s.t.Context(), drill.Options{
		Targets: []drill.Target{{Network: "tcp", Address: s.address()}}, HTTP: "/", Clients: clients, Restarts: restarts, Connections: 4000,
		Timeout: 30 * time.Second,
		Restart: func(_ context.Context, n int) error { return do(n) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("%+v", result)
	return result
}

// killWorker ends a worker by TerminateProcess, and returns when another one is ready.
func (s *site) killWorker(pid int) (int, error) {
	text, err := s.wine.run(s.dir, "wine", "taskkill", "/F", "/PID", strconv.Itoa(pid))
	if err != nil {
		return 0, fmt.Errorf("cannot kill worker %d: %w\n%s", pid, err, text)
	}
	return s.awaitReady(pid), nil
}

// refused is whether nobody listens at an address.
func refused(address string) bool {
	c, err := net.DialTimeout("tcp", address, soon)
	if err != nil {
		return true
	}
	c.Close()
	return false
}
