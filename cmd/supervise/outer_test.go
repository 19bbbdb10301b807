//go:build linux

package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProcOuterManager is what systemd would hear with Type=notify-reload and WatchdogSec.
func TestProcOuterManager(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "n")})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	if err := os.WriteFile(filepath.Join(dir, "app.hcl"), []byte(`service "app" { command = ["sleep", "1000"] }`), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t, "supervise"), "--config", "app.hcl", "--control", "c.sock")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "n"), "WATCHDOG_USEC=20000")
	var log record
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hears := func(pattern string) {
		t.Helper()
		if err := notify.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		for {
			n, err := notify.Read(buf)
			if err != nil {
				t.Fatalf("%s did not come: %v\n%s", pattern, err, &log)
			}
			if regexp.MustCompile(pattern).Match(buf[:n]) {
				return
			}
		}
	}
	hears(`^READY=1\nSTATUS=`)
	hears(`^WATCHDOG=1$`)
	hears(`^WATCHDOG=1$`)
	cmd.Process.Signal(syscall.SIGHUP)
	hears(`^RELOADING=1\nMONOTONIC_USEC=\d+$`)
	hears(`^READY=1`)
	cmd.Process.Signal(syscall.SIGTERM)
	hears(`^STOPPING=1`)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
}

// TestProcSocketActivated hands a listening socket to supervise itself, as systemd does, and asks for a page.
func TestProcSocketActivated(t *testing.T) {
	t.Parallel()
	need(t, "systemd-socket-activate")
	dir := t.TempDir()
	path := filepath.Join(dir, "web.sock")
	s := &site{dir: dir, socket: filepath.Join(dir, "c.sock"), log: &record{}}
	s.write(t, "app.hcl", `listener "web" { address = "unix://web.sock" }
service "app" {
  command   = ["worker"]
  listeners = ["web"]
}`, 0o644)
	cmd := exec.Command("systemd-socket-activate", "-l", path, "--fdname=web", program(t, "supervise"), "--config", "app.hcl", "--control", s.socket)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH"))
	cmd.Stdout = s.log
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(errs)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Listening on") {
	}
	body, err := get(path)
	if !strings.HasPrefix(body, "generation 1 worker 0") {
		t.Errorf("%q, %v", body, err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	var rest strings.Builder
	for lines.Scan() {
		rest.WriteString(lines.Text() + "\n")
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(rest.String(), "given=true") {
		t.Errorf("%v\n%s", err, &rest)
	}
}

// get asks for / over a unix socket.
func get(path string) (string, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	req, err := http.NewRequest("GET", "http://app/", nil)
	if err != nil {
		return "", err
	}
	if err := req.Write(conn); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := bufio.NewReader(resp.Body).ReadString('\n')
	return text, err
}
