package cgrouptest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// place and run are variables of the environment: where a process of the test's program is, and which tests it runs.
const (
	place = "SUPERVISE_CGROUPTEST"
	run   = "SUPERVISE_CGROUPTEST_RUN"
)

// Inside is "container" or "machine" in a process that was started there; "" outside.
func Inside() string { return os.Getenv(place) }

// Main prepares the place, in its first process; else it does nothing.
func Main() {
	tests, first := os.LookupEnv(run)
	if !first {
		return
	}
	os.Unsetenv(run)
	err := prepare()
	if err == nil && Inside() == "machine" {
		err = inMachine(tests)
	}
	if err != nil {
		fmt.Println("cannot prepare the", Inside()+":", err)
		syscall.Exit(1)
	}
}

// prepare mounts what shows this process as the whole machine.
func prepare() error {
	if Inside() == "machine" {
		for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}} {
			if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
				return fmt.Errorf("mount %s: %w", m[1], err)
			}
		}
	} else if _, err := os.Stat("/run/systemd/system"); err == nil {
		if err := unix.Mount("tmpfs", "/run/systemd", "tmpfs", 0, ""); err != nil {
			return err
		}
	}
	// The hierarchy cannot be mounted over itself: something else goes between.
	if err := unix.Mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, ""); err != nil {
		return err
	}
	return unix.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, "")
}

// inMachine runs the tests as a child of the machine's first process, says how they ended, and switches the machine off.
func inMachine(tests string) error {
	if err := loopback(); err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run="+tests)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	cmd.Env = append(os.Environ(), "TMPDIR=/run", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
	if err := cmd.Run(); err == nil {
		fmt.Println(passed)
	}
	unix.Sync()
	return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// passed is the last line of a machine in which all was well.
const passed = "cgrouptest: passed"

// loopback switches lo on, which a new machine does not.
func loopback() error {
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}

// Container runs tests of this package in a container.
func Container(t *testing.T, tests string) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "a container needs root")
		return
	}
	g, err := newGroup(fmt.Sprintf("cgrouptest-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", ".")))
	if err != nil {
		missing(t, "a container needs control groups of version 2: "+err.Error())
		return
	}
	t.Cleanup(func() {
		if err := g.end(); err != nil {
			t.Error("cannot remove the container: ", err)
		}
	})
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.run="+tests)
	cmd.Env = append(os.Environ(), place+"=container", run+"="+tests)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.fd, Unshareflags: unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP}
	out, err := cmd.CombinedOutput()
	t.Logf("in the container:\n%s", out)
	if err != nil {
		t.Error(err)
	}
}

// Machine runs tests of this package in a machine. They are built for it without the race detector, which needs more addresses than it has.
func Machine(t *testing.T, tests string) {
	t.Helper()
	kernel, err := exec.LookPath("linux.uml")
	if err != nil {
		missing(t, "limits are only tested in a machine of its own: "+err.Error()+" (Debian: user-mode-linux)")
		return
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "inside.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("cannot build the tests: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), kernel, "mem=768M", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "init="+program,
		"con0=fd:0,fd:1", "con=null", "umid=cgrouptest-"+fmt.Sprint(os.Getpid()), place+"=machine", run+"="+tests)
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	out = bytes.ReplaceAll(out, []byte("\r"), nil)
	t.Logf("in the machine (%v):\n%s", err, out)
	if !bytes.Contains(out, []byte("\n"+passed+"\n")) {
		t.Error("the tests in the machine failed")
	}
}

// missing skips a test, but not where everything must be there.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
