//go:build linux

package worker

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestProcOtherwise hands one listener over in the ways that are not systemd's usual one.
func TestProcOtherwise(t *testing.T) {
	_, files := sockets(t)
	pid := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"einhorn", []string{"EINHORN_MASTER_PID=" + pid, "EINHORN_FD_COUNT=1", "EINHORN_FD_0=3"}, "tcp"},
		{"einhorn of another parent", []string{"EINHORN_MASTER_PID=1", "EINHORN_FD_COUNT=1", "EINHORN_FD_0=3"}, "error: cannot find listener"},
		{"Server::Starter", []string{"SERVER_STARTER_PORT=127.0.0.1:80=3"}, "tcp"},
		{"LISTEN_PID of the parent", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web", "LISTEN_PID=parent:" + pid}, "tcp"},
		{"LISTEN_PID of another parent", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web", "LISTEN_PID=parent:1"}, "error: cannot find listener"},
		{"no LISTEN_PID", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web", "LISTEN_PID=omit"}, "tcp"},
		{"LISTEN_FDS for another process, and others", []string{"LISTEN_FDS=1", "LISTEN_PID=1", "SERVER_STARTER_PORT=127.0.0.1:80=3"}, "error: cannot find listener"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
			cmd.Env = append(c.env, childMode+"=nameless", "GORACE=atexit_sleep_ms=0")
			cmd.ExtraFiles = files[:1]
			out, err := cmd.Output()
			if err != nil || !strings.HasPrefix(string(out), c.want) {
				t.Errorf("child: %q, error %v; want %q", out, err, c.want)
			}
		})
	}
}

// TestProcStartServer runs a worker under the real Server::Starter, unaware of supervise.
func TestProcStartServer(t *testing.T) {
	if _, err := exec.LookPath("start_server"); err != nil {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "start_server", "--path", filepath.Join(t.TempDir(), "s.sock"), "--", self)
	cmd.Env = append(os.Environ(), childMode+"=nameless", "GORACE=atexit_sleep_ms=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "unix" {
		t.Errorf("the worker says %q, error %v", lines.Text(), lines.Err())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // to the end, for it starts the worker again
	}
	_ = cmd.Wait()
}
