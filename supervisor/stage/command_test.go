//go:build linux

package stage

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The argument list arrives as it was written: the first element is not replaced
// by the path that was found, and nothing is a shell's.
func TestProcArgumentsAreExact(t *testing.T) {
	want := []string{"cat", "/proc/self/cmdline", "/dev/null"}
	if got := output(t, Plan{Command: want, Env: []string{path}}); got != strings.Join(want, "\x00")+"\x00" {
		t.Errorf("got %q", got)
	}
	odd := []string{"/bin/sh", "-c", `printf '[%s]' "$0" "$@"`, "", "a b", "$HOME", "\xff\xfe", "*", "new\nline", "-n"}
	if got, want := output(t, Plan{Command: odd}), "[][a b][$HOME][\xff\xfe][*][new\nline][-n]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What the plan does not mention stays as supervise has it.
func TestProcEmptyPlanChangesNothing(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	old := syscall.Umask(0o31)
	defer syscall.Umask(old)
	status := output(t, Plan{Command: []string{"cat", "/proc/self/status"}, Env: []string{path}})
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Umask", "Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"} {
		if got, want := field(t, status, name), field(t, string(own), name); got != want {
			t.Errorf("%s is %s, was %s", name, got, want)
		}
	}
	if got := output(t, Plan{Command: []string{"readlink", "/proc/self/cwd"}, Env: []string{path}}); got != here+"\n" {
		t.Errorf("runs in %q, started in %q", got, here)
	}
	own, err = os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		t.Fatal(err)
	}
	if got := output(t, Plan{Command: []string{"cat", "/proc/self/oom_score_adj"}, Env: []string{path}}); got != string(own) {
		t.Errorf("oom_score_adj is %q, was %q", got, own)
	}
}

// A plan may come in any pieces, and is complete only at the end of the pipe.
func TestProcPlanInPieces(t *testing.T) {
	r, w := pipe(t)
	s := startStage(t, "stage", nil, []*os.File{w})
	w.Close()
	for _, b := range encode(t, Plan{Command: []string{"echo", "done"}, Env: []string{path}, Numbers: []int{1}}) {
		if _, err := s.plan.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	s.plan.Close()
	if err := ReadStatus(s.status); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); string(b) != "done\n" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	s.cmd.Wait()
}

// What is no plan is refused as a failure, not run, and not a crash.
func TestProcRefusesPlan(t *testing.T) {
	good := string(encode(t, Plan{Command: []string{"/bin/true"}}))
	for name, plan := range map[string]string{
		"nothing": "", "garbage": "\x00\xff", "cut": good[:len(good)-1], "twice": good + good, "list": "[" + good + "]",
		"newer field": strings.Replace(good, "{", `{"seccomp":"all",`, 1), "deep": strings.Repeat("[", 1<<20),
	} {
		s := startStage(t, "stage", nil, nil)
		err := s.send(t, []byte(plan))
		s.cmd.Wait()
		var f *Failure
		if !errors.As(err, &f) || s.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: got %v, the stage ended with %v", name, err, s.cmd.ProcessState)
		}
	}
}

// Interrupted while it waits for its plan, the stage dies as any program would,
// and is not taken for a worker. (Not with SIGHUP and SIGINT, which whoever runs the
// tests may ignore, nor with SIGUSR1, which no Go program dies of.)
func TestProcInterruptedStage(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		s := startStage(t, "stage", nil, nil)
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := ReadStatus(s.status); !errors.Is(err, ErrDied) {
			t.Errorf("%s: got %v", sig, err)
		}
		s.cmd.Wait()
	}
}

// An interpreter that is missing in one folder of PATH does not hide a program
// in the next; the first one found is reported if there is none.
func TestProcPathGoesOn(t *testing.T) {
	broken, good := t.TempDir(), t.TempDir()
	writeScript(t, filepath.Join(broken, "app"), "#!/no/such/interpreter\n", 0o755)
	writeScript(t, filepath.Join(good, "app"), "#!/bin/sh\necho good\n", 0o755)
	if got := output(t, Plan{Command: []string{"app"}, Env: []string{"PATH=" + broken + ":" + good}}); got != "good\n" {
		t.Errorf("got %q", got)
	}
	_, err := outputOf(t, "stage", Plan{Command: []string{"app"}, Env: []string{"PATH=" + broken + ":/no/such"}})
	if err == nil || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "/no/such/interpreter") {
		t.Errorf("got %v", err)
	}
	_, err = outputOf(t, "stage", Plan{Command: []string{"app"}, Env: []string{"PATH="}})
	if err == nil || !strings.Contains(err.Error(), "no such program in PATH ()") {
		t.Errorf("empty PATH: got %v", err)
	}
}

// A worker that is a script gets its descriptors like any other: the kernel
// starts the interpreter in the same process.
func TestProcScriptKeepsDescriptorsAndPID(t *testing.T) {
	script := filepath.Join(t.TempDir(), "app")
	writeScript(t, script, "#!/bin/sh\necho $$ $LISTEN_PID >&9\n", 0o755)
	r, w := pipe(t)
	s := startStage(t, "stage", nil, []*os.File{w})
	w.Close()
	if err := s.send(t, encode(t, Plan{Command: []string{script}, OwnPID: []string{"LISTEN_PID"}, Numbers: []int{9}})); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	pids := strings.Fields(string(b))
	if err != nil || len(pids) != 2 || pids[0] != pids[1] {
		t.Errorf("pid and LISTEN_PID are %q, %v", b, err)
	}
	s.cmd.Wait()
}

// The file to run is looked up with the worker's rights, not with root's.
func TestProcUserMayNotRunRootsProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can give up root; the golden file has the other cases")
		return
	}
	dir := t.TempDir()
	writeScript(t, filepath.Join(dir, "app"), "#!/bin/sh\n", 0o700)
	for name, p := range map[string]Plan{
		"absolute": {Command: []string{filepath.Join(dir, "app")}},
		"relative": {Command: []string{"./app"}, Directory: dir},
	} {
		p.UID, p.GID = ptr(uint32(nobody)), ptr(uint32(nobody))
		_, err := outputOf(t, "stage", p)
		if err == nil || !strings.Contains(err.Error(), "permission denied for uid 65534") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// All at once: no step undoes another.
func TestProcAllSteps(t *testing.T) {
	p := Plan{
		Command: []string{"/bin/sh", "-c", "cat /proc/self/limits /proc/self/status /proc/self/oom_score_adj; cut -d' ' -f19 /proc/self/stat; pwd"},
		Env:     []string{path}, Umask: ptr(uint32(0o77)), Directory: "/usr", Limits: []Limit{{"msgqueue", 1, 2}, {"nofile", 50, 60}},
		Nice: ptr(4), OOMScoreAdjust: ptr(777), NoNewPrivileges: true,
	}
	uid := "0"
	if os.Geteuid() == 0 {
		p.UID, p.GID, p.Groups, uid = ptr(uint32(nobody)), ptr(uint32(nobody)), []uint32{9}, "65534"
	}
	got := output(t, p)
	if !strings.HasSuffix(got, "\n777\n4\n/usr\n") {
		t.Errorf("oom_score_adj, nice and directory are wrong at the end of %s", got)
	}
	for name, want := range map[string]string{"Max msgqueue size": "1 2 bytes", "Max open files": "50 60 files"} {
		_, rest, _ := strings.Cut(got, name)
		if have := strings.Join(strings.Fields(rest)[:3], " "); have != want {
			t.Errorf("%s: %s", name, have)
		}
	}
	if os.Geteuid() == 0 && field(t, got, "Uid") != strings.Join([]string{uid, uid, uid, uid}, " ") {
		t.Errorf("uid %s", field(t, got, "Uid"))
	}
	if umask, privileges := field(t, got, "Umask"), field(t, got, "NoNewPrivs"); umask != "0077" || privileges != "1" {
		t.Errorf("umask %s, no_new_privileges %s", umask, privileges)
	}
}

// Core files and the like may be lifted to "unlimited".
func TestLimitValue(t *testing.T) {
	if got := limitValue(Unlimited); got != "unlimited" {
		t.Errorf("got %s", got)
	}
	if got := limitValue(0); got != "0" {
		t.Errorf("got %s", got)
	}
	if uint64(unix.RLIM_INFINITY) != Unlimited {
		t.Error("unlimited is not the kernel's value")
	}
}
