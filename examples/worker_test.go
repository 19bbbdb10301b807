//go:build linux

package examples_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// example is one program and how it is started and says that it is ready.
type example struct {
	name    string
	tool    string // what it needs in PATH
	install string // Debian package of tool
	// build returns the command; dir is for what it compiles.
	build func(t *testing.T, dir string) []string
	// log and draining are the lines that mean readiness and that it takes no more connections; "" if it tells READY=1
	// and STOPPING=1 over NOTIFY_SOCKET.
	log, draining string
}

// require skips a test whose language is not installed. With SUPERVISE_REQUIRE_ALL=1, as CI sets it, that is a failure.
func require(t *testing.T, tool, install string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	reason := fmt.Sprintf("%s is not installed (apt-get install %s)", tool, install)
	if os.Getenv("SUPERVISE_REQUIRE_ALL") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
	return ""
}

// absolute is the path of a file of the examples.
func absolute(t *testing.T, elem ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// compile runs a compiler.
func compile(t *testing.T, command ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// process is a running worker with its own notification socket, like under supervise.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	notify *net.UnixConn
	lines  *bufio.Scanner
}

// start runs a command with the file as descriptor 3, and extra as 4, ….
func start(t *testing.T, command []string, generation int, socket *os.File, extra ...*os.File) *process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })
	cmd := exec.Command("/proc/self/exe", command...)
	cmd.Env = append(os.Environ(), stageRole+"=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "NOTIFY_SOCKET="+path,
		fmt.Sprintf("SUPERVISE_GENERATION=%d", generation), "SUPERVISE_WORKER=0", "SUPERVISE_SERVICE=hello")
	if len(extra) > 0 {
		cmd.Env = append(cmd.Env, "READY_FD=4")
	}
	cmd.ExtraFiles = append([]*os.File{socket}, extra...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, notify: notify, lines: bufio.NewScanner(out)}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() }) // after a failure; otherwise it is gone
	return p
}

// hears returns when the worker says the line or, if that is "", tells the state.
func (p *process) hears(line, state string) {
	p.t.Helper()
	if line == "" {
		if got := p.told(); got != state {
			p.t.Fatalf("the worker tells %q, want %q", got, state)
		}
		return
	}
	if got := p.line(); got != line {
		p.t.Fatalf("the worker says %q, want %q", got, line)
	}
}

func (p *process) told() string {
	p.t.Helper()
	if err := p.notify.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := p.notify.Read(buf)
	if err != nil {
		p.t.Fatalf("the worker tells nothing: %v", err)
	}
	return string(buf[:n])
}

func (p *process) line() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the worker's output ended: %v", p.lines.Err())
	}
	return p.lines.Text()
}

// stop asks the worker to end and waits until it has, with status 0.
func (p *process) stop() {
	p.t.Helper()
	p.terminate()
	p.await()
}

func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
}

// await reads the worker's output to the end, which is the worker's. One that does not end is killed.
func (p *process) await() (lines []string) {
	p.t.Helper()
	late := time.AfterFunc(time.Minute, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	for p.lines.Scan() {
		lines = append(lines, p.lines.Text())
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("worker %d: %v", p.cmd.Process.Pid, err)
	}
	return lines
}
