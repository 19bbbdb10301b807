//go:build linux

package container_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = 60 * time.Second

// container is a running one. Its standard output and error are read to the end.
type container struct {
	t    *testing.T
	init *exec.Cmd
	log  *log
}

// run is docker run. The container ends with the test.
func run(t *testing.T, s spec) *container {
	t.Helper()
	s.Env = append(s.Env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=test", "HOME=/")
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &container{t: t, init: exec.Command("/proc/self/exe"), log: &log{changed: make(chan bool, 1)}}
	c.init.Env = append(os.Environ(), initRole+"="+string(text))
	c.init.Stdout, c.init.Stderr = c.log, c.log
	c.init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Setsid:     true,
	}
	if err := c.init.Start(); err != nil {
		t.Fatal("cannot make namespaces: ", err)
	}
	t.Cleanup(func() {
		c.init.Process.Kill()
		c.init.Wait()
		if t.Failed() {
			t.Logf("the container's output:\n%s", c.log.text())
		}
	})
	return c
}

// needRoot skips where no namespaces can be made, but not where everything must be.
func needRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("SUPERVISE_REQUIRE_ALL") == "1":
		t.Fatal("containers need root")
	default:
		t.Skip("containers need root")
	}
}

// log is what the container says.
type log struct {
	mu      sync.Mutex
	all     []byte
	changed chan bool
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, p...)
	select {
	case l.changed <- true:
	default:
	}
	return len(p), nil
}

func (l *log) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.all)
}

// says waits for something in the output.
func (c *container) says(pattern string) []string {
	c.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.NewTimer(soon)
	defer late.Stop()
	for {
		if found := re.FindStringSubmatch(c.log.text()); found != nil {
			return found
		}
		select {
		case <-c.log.changed:
		case <-late.C:
			c.t.Fatalf("the container did not say %s", pattern)
		}
	}
}

// terminate is what docker stop begins with.
func (c *container) terminate() {
	c.t.Helper()
	if err := c.init.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
}

// ends waits for the end of process 1, and so of the container.
func (c *container) ends(code int) {
	c.t.Helper()
	late := time.AfterFunc(soon, func() { c.init.Process.Kill() })
	defer late.Stop()
	c.init.Wait()
	if state := c.init.ProcessState; state.ExitCode() != code {
		c.t.Errorf("the container ends with %s, want exit code %d", state, code)
	}
}

// exec is docker exec: the program is no child of process 1.
func (c *container) exec(command ...string) *exec.Cmd {
	args := []string{"-t", fmt.Sprint(c.init.Process.Pid), "-p", "-m", "-n", "-i", "-u", "-r", "-w", "--"}
	return exec.CommandContext(c.t.Context(), "nsenter", append(args, command...)...)
}

// must executes a program in the container and gives its output.
func (c *container) must(command ...string) string {
	c.t.Helper()
	out, err := c.exec(command...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", command, err, out)
	}
	return string(out)
}
