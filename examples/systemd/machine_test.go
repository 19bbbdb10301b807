//go:build linux

package systemd_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = 60 * time.Second

// machine is a running systemd with the units of this folder, in namespaces of its own: processes, mounts, network, cgroups.
type machine struct {
	t     *testing.T
	dir   string // etc/ and bin/ are the machine's /etc and /usr/local/bin
	init  *exec.Cmd
	lines chan string // what systemd logs, at level debug
	seen  []string    // those that were read
}

// boot starts a machine in which supervise.service is installed and not started. settings are lines for its [Service] section.
func boot(t *testing.T, settings string) *machine {
	t.Helper()
	t.Parallel()
	needRoot(t)
	m := &machine{t: t, dir: t.TempDir(), lines: make(chan string, 1<<16)}
	m.install(settings)
	m.openConsole()
	m.start()
	t.Cleanup(m.explain)
	m.hears(`Startup finished in`)
	version, _, _ := strings.Cut(m.must("systemctl", "--version"), "\n")
	t.Log(version)
	return m
}

// needRoot skips where no machine can be made of namespaces, but not where everything must be.
func needRoot(t *testing.T) {
	t.Helper()
	_, err := os.Stat("/lib/systemd/systemd")
	if err == nil && os.Geteuid() != 0 {
		err = os.ErrPermission
	}
	if err != nil && os.Getenv("SUPERVISE_REQUIRE_ALL") == "1" {
		t.Fatal("a real systemd needs root and its package: ", err)
	} else if err != nil {
		t.Skip("a real systemd needs root and its package: ", err)
	}
}

// start runs systemd as the first process of the machine, in a cgroup of its own.
func (m *machine) start() {
	m.t.Helper()
	group, err := newCgroup("supervise-test-" + filepath.Base(filepath.Dir(m.dir)) + "-" + filepath.Base(m.dir))
	if err != nil {
		m.t.Fatal("cannot make a cgroup: ", err)
	}
	m.init = exec.Command("/proc/self/exe")
	m.init.Env = append(os.Environ(), bootRole+"="+m.dir)
	m.init.Stderr = os.Stderr
	m.init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: group.fd,
		Pdeathsig: syscall.SIGKILL, Setsid: true,
	}
	if err := m.init.Start(); err != nil {
		m.t.Fatal("cannot make namespaces: ", err)
	}
	m.t.Cleanup(func() {
		// With its first process the whole machine ends.
		m.init.Process.Kill()
		m.init.Wait()
		if err := group.remove(); err != nil {
			m.t.Error("cannot remove the cgroup: ", err)
		}
	})
}

// explain shows what there is to know about a failure.
func (m *machine) explain() {
	if !m.t.Failed() {
		return
	}
	for len(m.lines) > 0 {
		m.note(<-m.lines)
	}
	output, _ := os.ReadFile(m.process("root/run/output"))
	m.t.Logf("systemd:\n%s\nsupervise:\n%s", strings.Join(m.seen[max(0, len(m.seen)-80):], "\n"), output)
}

// process is what proc(5) has of the machine's first process.
func (m *machine) process(name string) string {
	return fmt.Sprintf("/proc/%d/%s", m.init.Process.Pid, name)
}

// run executes a program in the machine.
func (m *machine) run(command ...string) (string, error) {
	args := append([]string{"-t", fmt.Sprint(m.init.Process.Pid), "-m", "-p", "-n", "-C", "--"}, command...)
	out, err := exec.CommandContext(m.t.Context(), "nsenter", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// must is run where a failure is the test's.
func (m *machine) must(command ...string) string {
	m.t.Helper()
	out, err := m.run(command...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

// shows fails the test if a property of the unit has another value, systemctl(1).
func (m *machine) shows(property, want string) {
	m.t.Helper()
	if got := m.property(property); got != want {
		m.t.Errorf("%s is %q, want %q", property, got, want)
	}
}

func (m *machine) property(name string) string {
	m.t.Helper()
	return m.must("systemctl", "show", "--value", "-p", name, "supervise.service")
}

// inside calls f on a thread in the machine's network: the sockets that it makes belong there for good.
func (m *machine) inside(f func() error) error {
	space, err := os.Open(m.process("ns/net"))
	if err != nil {
		return err
	}
	defer space.Close()
	ours, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer ours.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		// A thread that cannot come back ends with this goroutine. Others go on: with its thread, a child's death signal is due.
		if unix.Setns(int(ours.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// dial connects in the machine.
func (m *machine) dial(address string) (c net.Conn, err error) {
	err = m.inside(func() (err error) {
		c, err = net.DialTimeout("tcp", address, soon)
		return err
	})
	return c, err
}

// connect dials and closes the connection at the end of the test.
func (m *machine) connect(address string) net.Conn {
	m.t.Helper()
	c, err := m.dial(address)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { c.Close() })
	return c
}
