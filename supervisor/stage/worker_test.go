//go:build linux

package stage

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const path = "PATH=/usr/bin:/bin"

func TestProcWorkerGetsItsOwnState(t *testing.T) {
	for _, argument := range []string{"stage", "hostile-stage"} {
		status, err := outputOf(t, argument, Plan{
			Command: []string{"cat", "/proc/self/status"}, Env: []string{path}, Umask: ptr(uint32(0o27)), NoNewPrivileges: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"SigIgn": "0000000000000000", "SigBlk": "0000000000000000", "SigCgt": "0000000000000000", "SigPnd": "0000000000000000",
			"Umask": "0027", "NoNewPrivs": "1", "Threads": "1",
		} {
			if got := field(t, status, name); got != want {
				t.Errorf("%s: %s is %s, want %s", argument, name, got, want)
			}
		}
	}
}

func TestProcPrivilegesStayWithoutNoNewPrivileges(t *testing.T) {
	status := output(t, Plan{Command: []string{"cat", "/proc/self/status"}, Env: []string{path}})
	if got := field(t, status, "NoNewPrivs"); got != "0" {
		t.Errorf("NoNewPrivs is %s", got)
	}
}

func TestProcNiceAndOOMScore(t *testing.T) {
	p := Plan{Command: []string{"cat", "/proc/self/stat", "/proc/self/oom_score_adj"}, Env: []string{path}, Nice: ptr(7), OOMScoreAdjust: ptr(321)}
	got := strings.Fields(output(t, p))
	const nice, last = 18, -1 // field 19 of proc_pid_stat(5)
	if got[nice] != "7" || got[len(got)+last] != "321" {
		t.Errorf("nice %s, oom_score_adj %s", got[nice], got[len(got)-1])
	}
}

func TestProcPIDVariables(t *testing.T) {
	p := Plan{
		Command: []string{"/bin/sh", "-c", "echo $$ $LISTEN_PID $MASTER"}, Env: []string{"LISTEN_PID=1"},
		OwnPID: []string{"LISTEN_PID"}, ParentPID: []string{"MASTER"},
	}
	got := strings.Fields(output(t, p))
	if got[0] != got[1] || got[2] != strconv.Itoa(os.Getpid()) {
		t.Errorf("pid, LISTEN_PID, parent: %v", got)
	}
}

func TestProcEnvironmentIsExactlyThePlan(t *testing.T) {
	p := Plan{Command: []string{"env"}, Env: []string{path, "LATIN=\xe9", "EMPTY="}}
	if got, want := output(t, p), path+"\nLATIN=\xe9\nEMPTY=\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProcIdentity(t *testing.T) {
	if os.Geteuid() != 0 {
		// Without root only the own identity can be taken; the refusal is in the golden file.
		status := output(t, Plan{Command: []string{"cat", "/proc/self/status"}, Env: []string{path}, UID: ptr(uint32(os.Getuid())), GID: ptr(uint32(os.Getgid()))})
		if got := strings.Fields(field(t, status, "Uid"))[0]; got != strconv.Itoa(os.Getuid()) {
			t.Errorf("uid %s", got)
		}
		return
	}
	tests := map[string]struct {
		plan             Plan
		uid, gid, groups string
		capEff           bool
	}{
		"user":       {Plan{UID: ptr(uint32(65534)), GID: ptr(uint32(65533))}, "65534", "65533", "", false},
		"groups":     {Plan{UID: ptr(uint32(65534)), GID: ptr(uint32(65533)), Groups: []uint32{12, 7, 4000000000}}, "65534", "65533", "7 12 4000000000", false},
		"only uid":   {Plan{UID: ptr(uint32(1234))}, "1234", "0", "", false},
		"only gid":   {Plan{GID: ptr(uint32(77))}, "0", "77", "", true},
		"root again": {Plan{UID: ptr(uint32(0)), GID: ptr(uint32(0))}, "0", "0", "", true},
	}
	for name, tt := range tests {
		tt.plan.Command, tt.plan.Env = []string{"cat", "/proc/self/status"}, []string{path}
		status := output(t, tt.plan)
		repeat := func(id string) string { return strings.Join([]string{id, id, id, id}, " ") }
		if got := field(t, status, "Uid"); got != repeat(tt.uid) {
			t.Errorf("%s: uid %s", name, got)
		}
		if got := field(t, status, "Gid"); got != repeat(tt.gid) {
			t.Errorf("%s: gid %s", name, got)
		}
		if got := field(t, status, "Groups"); got != tt.groups {
			t.Errorf("%s: groups %q", name, got)
		}
		if got := field(t, status, "CapEff") != "0000000000000000"; got != tt.capEff {
			t.Errorf("%s: capabilities left: %t", name, got)
		}
	}
}

// A supervise with supplementary groups of its own must not pass them on.
func TestProcRootsGroupsDoNotStay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root has groups to leave behind")
		return
	}
	r, w := pipe(t)
	s := startStage(t, "stage", &syscall.Credential{Uid: 0, Gid: 0, Groups: []uint32{0, 4, 5}}, []*os.File{w})
	w.Close()
	err := s.send(t, encode(t, Plan{Command: []string{"cat", "/proc/self/status"}, Env: []string{path}, UID: ptr(uint32(65534)), Numbers: []int{1}}))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if got := field(t, string(b), "Groups"); got != "" || err != nil {
		t.Errorf("groups %q, %v", got, err)
	}
	s.cmd.Wait()
}

func TestProcDirectoryDecidesRelativeNames(t *testing.T) {
	dir := t.TempDir()
	writeScript(t, filepath.Join(dir, "app"), "#!/bin/sh\npwd\n", 0o755)
	if got := output(t, Plan{Command: []string{"./app"}, Directory: dir}); got != dir+"\n" {
		t.Errorf("runs in %q", got)
	}
}

// The default folder of a worker is that of the configuration, often root's own.
func TestProcDirectoryOfRootForAnotherUser(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := Plan{Command: []string{"/bin/sh", "-c", "readlink /proc/self/cwd"}, Env: []string{path}, Directory: dir}
	if os.Geteuid() == 0 {
		p.UID = ptr(uint32(65534))
	}
	if got := output(t, p); got != dir+"\n" {
		t.Errorf("runs in %q, want %q", got, dir)
	}
}

func TestProcPathLookup(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	writeScript(t, filepath.Join(first, "app"), "#!/bin/sh\necho first\n", 0o644) // not executable: goes on
	writeScript(t, filepath.Join(second, "app"), "#!/bin/sh\necho $0\n", 0o755)
	if err := os.Mkdir(filepath.Join(first, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeScript(t, filepath.Join(second, "tool"), "#!/bin/sh\necho tool\n", 0o755)
	env := []string{"PATH=/does/not/exist:" + first + ":" + second + "/"}
	if got := output(t, Plan{Command: []string{"app"}, Env: env}); got != second+"/app\n" {
		t.Errorf("ran %q", got)
	}
	if got := output(t, Plan{Command: []string{"tool"}, Env: env}); got != "tool\n" {
		t.Errorf("a folder hid the program: %q", got)
	}
	if got := output(t, Plan{Command: []string{"app"}, Env: []string{"PATH=:/bin"}, Directory: second}); got != "./app\n" {
		t.Errorf("an empty element is the current folder: %q", got)
	}
	if got := output(t, Plan{Command: []string{"echo", "default"}}); got != "default\n" {
		t.Errorf("without PATH: %q", got)
	}
}

func TestProcLimits(t *testing.T) {
	p := Plan{
		Command: []string{"/bin/sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc; cat /proc/self/limits"}, Env: []string{path},
		Limits: []Limit{{"nofile", 123, 456}, {"core", 0, 0}, {"nproc", 50000, 60000}},
	}
	got := output(t, p)
	if !strings.HasPrefix(got, "123\n456\n0\n0\n") || strings.Join(strings.Fields(got[strings.Index(got, "Max processes"):])[:4], " ") != "Max processes 50000 60000" {
		t.Errorf("limits are %s", got)
	}
}

// Go raises the soft limit on open files of every Go program. A worker must get
// the one that supervise was started with, or programs that close every possible
// descriptor, or use select, break.
func TestProcOriginalOpenFilesLimit(t *testing.T) {
	plan := encode(t, Plan{Command: []string{"/bin/sh", "-c", "ulimit -Sn; ulimit -Hn"}, Numbers: []int{1}})
	r, w := pipe(t)
	planRead, planWrite := pipe(t)
	statusRead, statusWrite := pipe(t)
	cmd := exec.Command("/bin/sh", "-c", `ulimit -Sn 777; ulimit -Hn 5000; exec "$0" stage`, self(t, "")[0])
	cmd.Env = Environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = planRead, statusWrite, os.Stderr, []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	planRead.Close()
	statusWrite.Close()
	if err := (staged{cmd, planWrite, statusRead}).send(t, plan); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if got, want := string(b), "777\n5000\n"; got != want || err != nil {
		t.Errorf("soft and hard limit are %q, want %q; %v", got, want, err)
	}
	cmd.Wait()
}

func TestProcHandStartedStage(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "stage")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "not by hand") {
		t.Errorf("%v: %s", err, out)
	}
}

// The stage that dies is not taken for a worker that ran.
func TestProcKilledStage(t *testing.T) {
	s := startStage(t, "stage", nil, nil)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := ReadStatus(s.status); err != ErrDied {
		t.Errorf("got %v", err)
	}
	s.cmd.Wait()
}

func TestProcLargeEnvironment(t *testing.T) {
	p := Plan{Command: []string{"/bin/sh", "-c", "env | wc -c"}, Env: []string{path}}
	for i := range 16 {
		p.Env = append(p.Env, fmt.Sprintf("V%02d=%s", i, strings.Repeat("\x01\xff", 32<<10)))
	}
	var stack unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &stack); err != nil {
		t.Fatal(err)
	}
	got, err := strconv.Atoi(strings.TrimSpace(output(t, p)))
	if err != nil || got < 1<<20 {
		t.Errorf("the worker has %d bytes of environment, %v (stack limit %d)", got, err, stack.Cur)
	}
}

func writeScript(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}
