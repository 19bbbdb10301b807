//go:build linux

package stage

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write the golden files")

// TestMain makes the test binary its own stage and its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "stage":
			syscall.Exit(Main()) // os.Exit waits a second in a race build
		case "hostile-stage":
			becomeHostileStage()
		case "list-descriptors":
			listDescriptors()
			syscall.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// becomeHostileStage is what a careless parent does to its child: signals
// ignored, signals blocked.
func becomeHostileStage() {
	runtime.LockOSThread()
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE, syscall.SIGTSTP, syscall.SIGCHLD, syscall.SIGUSR1)
	set := unix.Sigset_t{}
	for i := range set.Val {
		set.Val[i] = ^set.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
		panic(err)
	}
	panic(syscall.Exec("/proc/self/exe", []string{"supervise", "stage"}, os.Environ()))
}

// listDescriptors prints number, close-on-exec flag, O_NONBLOCK and target of
// everything open.
func listDescriptors() {
	for fd := range 4096 {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			continue
		}
		status, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		target, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		fmt.Printf("%d cloexec=%t nonblock=%t %s\n", fd, flags&unix.FD_CLOEXEC != 0, status&unix.O_NONBLOCK != 0, target)
	}
}

// staged is a stage with our ends of its pipes.
type staged struct {
	cmd          *exec.Cmd
	plan, status *os.File
}

// startStage starts argument ("stage") with descriptors at 3 and up.
func startStage(t testing.TB, argument string, credential *syscall.Credential, files []*os.File) staged {
	t.Helper()
	planRead, planWrite := pipe(t)
	statusRead, statusWrite := pipe(t)
	cmd := exec.Command("/proc/self/exe", argument)
	cmd.Env = Environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = planRead, statusWrite, os.Stderr, files
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	planRead.Close()
	statusWrite.Close()
	return staged{cmd, planWrite, statusRead}
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// send writes the plan and returns what the status pipe says.
func (s staged) send(t testing.TB, plan []byte) error {
	t.Helper()
	if _, err := s.plan.Write(plan); err != nil {
		t.Fatal(err)
	}
	s.plan.Close()
	return ReadStatus(s.status)
}

func encode(t testing.TB, p Plan) []byte {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// output carries out p with its stdout in a pipe and returns what the worker
// printed. The plan's numbers are for files.
func output(t testing.TB, p Plan, files ...*os.File) string {
	t.Helper()
	out, err := outputOf(t, "stage", p, files...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func outputOf(t testing.TB, argument string, p Plan, files ...*os.File) (string, error) {
	t.Helper()
	r, w := pipe(t)
	p.Numbers = append(slices.Clone(p.Numbers), 1)
	s := startStage(t, argument, nil, append(slices.Clone(files), w))
	w.Close()
	err := s.send(t, encode(t, p))
	b, readErr := io.ReadAll(r)
	if readErr != nil {
		t.Fatal(readErr)
	}
	s.cmd.Wait()
	return string(b), err
}

// self is the command line of this binary in another role.
func self(t testing.TB, role string) []string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, role}
}

// field is the value behind "name:" in a file like /proc/self/status.
func field(t testing.TB, text, name string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	t.Fatalf("no %s in %q", name, text)
	return ""
}

func ptr[T any](v T) *T { return &v }
