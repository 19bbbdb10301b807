//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// elder is a server that somebody has started by hand.
type elder struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// byHand starts a server in dir and waits until it answers at the target.
func byHand(t *testing.T, dir string, target drill.Target, args ...string) *elder {
	t.Helper()
	need(t, args[0])
	log := &record{}
	e := &elder{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	e.cmd.Dir, e.cmd.Stdout, e.cmd.Stderr = dir, log, log
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = e.cmd.Wait()
		close(e.ended)
	}()
	t.Cleanup(func() {
		_ = e.cmd.Process.Kill()
		<-e.ended
		if t.Failed() {
			t.Logf("%s said:\n%s", args[0], log)
		}
	})
	for {
		if _, err := fetch(t.Context(), target); err == nil {
			return e
		}
		select {
		case <-e.ended:
			t.Fatalf("%s ended:\n%s", args[0], log)
		case <-time.After(time.Millisecond):
		}
	}
}

// end tells it to finish and waits until it has.
func (e *elder) end(ctx context.Context, signal syscall.Signal) error {
	if err := e.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case <-e.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *elder) pid() int { return e.cmd.Process.Pid }

// fetch gives the body that a server answers with.
func fetch(ctx context.Context, target drill.Target) (string, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, target.Network, target.Address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return strings.TrimSpace(string(body)), err
}

// freePort is one that nobody has just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// nginxConf answers with a word. Its workers may wait for clients of theirs at the end.
func nginxConf(listen, word string) string {
	return fmt.Sprintf(`
daemon off;
worker_processes 2;
error_log stderr notice;
events {}
http {
  access_log off;
  server {
    listen %s;
    return 200 "%s\n";
  }
}`, listen, word)
}

const nginxService = `
listener "web" {
  address   = %q
  backlog   = 300
  take_from = %q
}
service "nginx" {
  command     = ["nginx", "-p", ".", "-e", "stderr", "-c", "new.conf", "-g", "pid ${worker.runtime_dir}/nginx.pid;"]
  listeners   = ["web"]
  handoff     = ["nginx"]
  ready {
    when    = "log"
    pattern = "start worker process"
  }
  stop { signal = "SIGQUIT" }
}`

// migrate puts a program under load, has supervise take its listener over and serve it by another one, and ends the first.
func migrate(t *testing.T, s *site, old *elder, signal syscall.Signal, target drill.Target) {
	t.Helper()
	r, err := drill.Run(t.Context(), drill.Options{
		Targets: []drill.Target{target}, HTTP: "/", Connections: loadOf(6000), Restarts: 1, Timeout: soon, Clients: 8,
		Restart: func(ctx context.Context, _ int) error {
			s.launch(t, "--config", "app.hcl")
			return old.end(ctx, signal)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	// A server that ends removes the path of its unix socket, and clients see that until it is put back.
	if lost := r.Lost(); lost != 0 && (target.Network != "unix" || lost != r.Refused) {
		t.Errorf("lost: %+v", r)
	}
	t.Logf("%d attempts, %d lost, the slowest took %.0f ms", r.Attempts, r.Lost(), r.Latency.Max)
	s.status(t) // which looks at every listener: the path is back now, however late the manager notices that it has gone
	if body, err := fetch(t.Context(), target); body != "new" || err != nil {
		t.Errorf("it answers %q, %v", body, err)
	}
}

func loadOf(n int) int {
	if testing.Short() || raceEnabled {
		return n / 4
	}
	return n
}

// checkTaken compares what status and events say with what was done.
func (s *site) checkTaken(t *testing.T, from, advice string) {
	t.Helper()
	web := s.status(t).Listeners[0]
	if web.TakenFrom != from {
		t.Errorf("taken from %q, not %q", web.TakenFrom, from)
	}
	if web.Backlog.Effective != web.Backlog.Configured {
		t.Errorf("the backlog is %+v", web.Backlog)
	}
	err := s.await(t.Context(), 1, func(e supervisor.Event) bool {
		return e.Kind == supervisor.KindListenerServed && e.Listener == "web" && strings.Contains(e.Message, from) && strings.Contains(e.Message, advice)
	})
	if err != nil {
		t.Error(err)
	}
	s.killManager(t)
	if web := s.status(t).Listeners[0]; web.TakenFrom != from {
		t.Errorf("after another manager it is taken from %q", web.TakenFrom)
	}
}

// killManager waits until the next one is in charge.
func (s *site) killManager(t *testing.T) {
	t.Helper()
	manager := s.status(t).ManagerPID
	killed := time.Now()
	if err := syscall.Kill(manager, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	found := errors.New("found")
	err := control.NewPatient(s.client, nil).Events(t.Context(), true, func(e supervisor.Event) error {
		if e.Kind == supervisor.KindTakenOver && e.Time.After(killed) {
			return found
		}
		return nil
	})
	if err != found {
		t.Fatalf("no other manager has taken over: %v", err)
	}
}

// A Go program gets a listener by fdpass.Request, the very socket, and keeps it whatever becomes of the manager.
func TestProcRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, fmt.Sprintf(application, "60s"), map[string]string{"app": goodVersion})
	for range 2 {
		list, err := fdpass.Request(t.Context(), s.socket, "web")
		if err != nil {
			t.Fatal(err)
		}
		f, err := fdpass.ToFile(list[0].Descriptor, "web")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.FileListener(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if at := "tcp://" + l.Addr().String(); at != s.status(t).Listeners[0].Address {
			t.Errorf("it is at %s", at)
		}
		if code, _, errs := s.verb(t, "hold", "web"); code != 0 {
			t.Error(errs)
		}
		if list, err = fdpass.Request(t.Context(), s.socket, "web"); err != nil { // a held one is to be had as well
			t.Fatal(err)
		}
		_ = errors.Join(list[0].Descriptor.Close(), l.Close())
		if code, _, errs := s.verb(t, "release", "web"); code != 0 {
			t.Error(errs)
		}
		s.killManager(t)
	}
	if _, err := fdpass.Request(t.Context(), s.socket, "nope"); err == nil || !strings.Contains(err.Error(), `there is no listener "nope"; there are: web`) {
		t.Error(err)
	}
}

func hand(t *testing.T) *site {
	dir := t.TempDir()
	return &site{dir: dir, socket: filepath.Join(dir, "c.sock"), log: &record{}}
}

// An nginx that was started by hand is replaced by a supervised one, under load.
func TestProcTakeOverNginx(t *testing.T) {
	for _, kind := range []string{"pid", "pidfile", "unix"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := hand(t)
			target := drill.Target{Network: "tcp", Address: "127.0.0.1:" + freePort(t)}
			listen := target.Address
			if kind == "unix" {
				target = drill.Target{Network: "unix", Address: filepath.Join(s.dir, "n.sock")}
				listen = "unix:" + target.Address
			}
			s.write(t, "old.conf", nginxConf(listen, "old"), 0o644)
			s.write(t, "new.conf", nginxConf(listen, "new"), 0o644)
			pidFile := filepath.Join(s.dir, "old.pid")
			old := byHand(t, s.dir, target, "nginx", "-p", ".", "-e", "stderr", "-c", "old.conf", "-g", "pid "+pidFile+";")
			from := "pid:" + strconv.Itoa(old.pid())
			if kind == "pidfile" {
				from = "pidfile:" + pidFile
			}
			s.write(t, "app.hcl", fmt.Sprintf(nginxService, target, from), 0o644)
			migrate(t, s, old, syscall.SIGQUIT, target)
			s.checkTaken(t, fmt.Sprintf("process %d (nginx)", old.pid()), fmt.Sprintf("kill -QUIT %d", old.pid()))
		})
	}
}

const haproxyConf = `
global
  stats socket %s mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend web
  bind "%s"
  http-request return status 200 content-type text/plain string "%s"
`

// An HAProxy that was started by hand gives its socket away over its stats socket.
func TestProcTakeOverHAProxy(t *testing.T) {
	t.Parallel()
	s := hand(t)
	target := drill.Target{Network: "tcp", Address: "127.0.0.1:" + freePort(t)}
	stats := filepath.Join(s.dir, "stats.sock")
	s.write(t, "old.cfg", fmt.Sprintf(haproxyConf, stats, target.Address, "old"), 0o644)
	s.write(t, "new.cfg", fmt.Sprintf(haproxyConf, filepath.Join(s.dir, "new.sock"), "fd@${WEB}", "new"), 0o644)
	old := byHand(t, s.dir, target, "haproxy", "-db", "-f", "old.cfg")
	s.write(t, "app.hcl", fmt.Sprintf(`
listener "web" {
  address   = %q
  take_from = "haproxy:%s"
}
service "haproxy" {
  command     = ["haproxy", "-Ws", "-f", "new.cfg"]
  environment = { WEB = "${listener.web.fd}" }
  listeners   = ["web"]
  ready { when = "notify" }
  stop { signal = "SIGUSR1" }
}`, target, stats), 0o644)
	migrate(t, s, old, syscall.SIGUSR1, target)
	s.checkTaken(t, "HAProxy at "+stats, "stop the other one by its graceful signal")
}
