//go:build linux

package legacy

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// patience is how long anything may take before a test gives up.
const patience = time.Minute

// site is a supervise that runs one server in a folder of its own.
type site struct {
	t      *testing.T
	client *control.Client
	port   int

	mu  sync.Mutex
	log strings.Builder // what it has said
}

// build compiles supervise, once.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "supervise-legacy-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "supervise")
	out, err := exec.Command("go", "build", "-o", program, "../../cmd/supervise").CombinedOutput()
	os.Stderr.Write(out)
	return program, err
})

// TestMain removes what build made.
func TestMain(m *testing.M) {
	code := m.Run()
	if program, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// run copies a server's folder, with a free port in the place of the one that is written there, and starts supervise in it. It is stopped
// with the test.
func run(t *testing.T, s server) *site {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	if err := os.CopyFS(dir, os.DirFS(s.name)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app.hcl", "nginx.conf"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		text = []byte(strings.ReplaceAll(string(text), strconv.Itoa(s.port), strconv.Itoa(port)))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range s.build {
		command := exec.Command("/bin/sh", "-c", command)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return start(t, dir, port)
}

// start runs supervise in a folder with an app.hcl.
func start(t *testing.T, dir string, port int) *site {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config", "app.hcl", "--control", filepath.Join(dir, "c.sock"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	s := &site{t: t, client: control.NewClient(filepath.Join(dir, "c.sock")), port: port}
	began := make(chan struct{})
	go s.listen(read, sync.OnceFunc(func() { close(began) }))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", s.said())
		}
		s.client.Close()
		stop(t, cmd)
	})
	<-began
	return s
}

// stop ends supervise and what it runs, gracefully if that is possible.
func stop(t *testing.T, cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("supervise ended with %v", err)
	}
}

// listen keeps what supervise says, and tells when it has started, or cannot any more.
func (s *site) listen(from *os.File, began func()) {
	defer from.Close()
	defer began()
	for lines := bufio.NewScanner(from); lines.Scan(); {
		s.mu.Lock()
		s.log.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		if strings.Contains(lines.Text(), "supervise started") {
			began()
		}
	}
}

// said is the end of what supervise has said.
func (s *site) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.log.String()
	return text[max(0, len(text)-8000):]
}

// worker waits until the newest worker of the service passes, and gives it. What changes a worker is an event, and all events of a manager
// are told from the first on.
func (s *site) worker(service string, pass func(supervisor.WorkerStatus) bool) (found supervisor.WorkerStatus) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	passed := errors.New("passed")
	look := func(supervisor.Event) error {
		st, err := s.client.Status(ctx, []string{service})
		if err != nil {
			return err
		}
		if workers := st.Services[0].Workers; len(workers) > 0 && pass(workers[len(workers)-1]) {
			found = workers[len(workers)-1]
			return passed
		}
		return nil
	}
	err := look(supervisor.Event{})
	if err == nil {
		err = s.client.Events(ctx, true, look)
	}
	if !errors.Is(err, passed) {
		s.t.Fatalf("service %q never came so far: %v", service, err)
	}
	return found
}

func isReady(w supervisor.WorkerStatus) bool { return w.Phase == "ready" }

// freePort gives one below those that the kernel gives to clients (ip_local_port_range), so that none of those comes between.
func freePort(t *testing.T) int {
	t.Helper()
	for port := 10000 + os.Getpid()*37%15000; port < 32000; port++ {
		if l, err := net.Listen("tcp", ":"+strconv.Itoa(port)); err == nil {
			l.Close()
			if _, taken := given.LoadOrStore(port, true); !taken {
				return port
			}
		}
	}
	t.Fatal("no free port")
	return 0
}

// given are the ports that a test of this process has.
var given sync.Map
