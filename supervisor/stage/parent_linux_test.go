package stage

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// parented is a command behind a parent, as the keeper and the manager see it.
type parented struct {
	t      *testing.T
	cmd    *exec.Cmd // the parent
	said   *net.UnixConn
	lines  func() string // the next line of the command
	input  *os.File      // the command ends with it, if it reads
	pid    int           // of the command, as it says itself
	parent int
}

// beneath runs a shell script behind a parent. The script has its own pid in $LISTEN_PID and its parent's in $MASTER, says
// hello first and reads from descriptor 3.
func beneath(t *testing.T, p Parent, script string, change func(*Plan)) *parented {
	t.Helper()
	dir, err := os.MkdirTemp("", "parent") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for _, path := range []string{dir, path} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	out, outWrite := pipe(t)
	in, input := pipe(t)
	plan := Plan{
		Command: []string{"/bin/sh", "-c", "echo $LISTEN_PID $MASTER $PREFIXED $$ $PPID\n" + script},
		Env:     []string{"PATH=/usr/bin:/bin", "NOTIFY_SOCKET=" + path}, Numbers: []int{3, 1},
		OwnPID: []string{"LISTEN_PID"}, ParentPID: []string{"MASTER"}, ParentPIDPrefixed: []string{"PREFIXED"}, Parent: &p,
	}
	change(&plan)
	s := startStage(t, "stage", nil, []*os.File{in, outWrite})
	in.Close()
	outWrite.Close()
	if err := s.send(t, encode(t, plan)); err != nil {
		t.Fatal(err)
	}
	w := &parented{t: t, cmd: s.cmd, said: l, input: input, lines: lineReader(t, out)}
	w.greet()
	return w
}

func unchanged(*Plan) {}

// lineReader gives lines until the end, then "".
func lineReader(t *testing.T, f *os.File) func() string {
	return func() string {
		var line []byte
		for b := make([]byte, 1); ; {
			n, err := f.Read(b)
			if err != nil || n == 0 || b[0] == '\n' {
				return string(line)
			}
			line = append(line, b[0])
		}
	}
}

// greet checks what the command was told of itself.
func (w *parented) greet() {
	w.t.Helper()
	hello := w.lines()
	var own, master, shell, above int
	var prefixed string
	if _, err := fmt.Sscan(hello, &own, &master, &prefixed, &shell, &above); err != nil {
		w.t.Fatalf("%q: %v", hello, err)
	}
	if own != shell || master != above || prefixed != "parent:"+strconv.Itoa(above) || above != w.cmd.Process.Pid {
		w.t.Errorf("the command was told %q below process %d", hello, w.cmd.Process.Pid)
	}
	w.pid, w.parent = shell, above
}

// hear gives the next message and what came with it.
func (w *parented) hear() (string, *os.File) {
	w.t.Helper()
	if err := w.said.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	b, oob := make([]byte, 4096), make([]byte, 128)
	n, oobn, _, _, err := w.said.ReadMsgUnix(b, oob)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(list) == 0 {
		return string(b[:n]), nil
	}
	fds, err := unix.ParseUnixRights(&list[0])
	if err != nil || len(fds) != 1 {
		w.t.Fatalf("descriptors %v, %v", fds, err)
	}
	return string(b[:n]), os.NewFile(uintptr(fds[0]), "barrier")
}

// isReady takes in that the command is ready, as a manager does.
func (w *parented) isReady() {
	w.t.Helper()
	if got, _ := w.hear(); got != fmt.Sprintf("MAINPID=%d\nREADY=1", w.pid) {
		w.t.Errorf("said %q", got)
	}
	got, barrier := w.hear()
	if got != "BARRIER=1" || barrier == nil {
		w.t.Fatalf("said %q with %v", got, barrier)
	}
	if err := syscall.Kill(w.parent, 0); err != nil {
		w.t.Errorf("the parent has not waited: %v", err)
	}
	barrier.Close()
}

// ends waits for the parent and checks how it ended.
func (w *parented) ends(want string) {
	w.t.Helper()
	w.cmd.Wait()
	if got := w.cmd.ProcessState.String(); got != want {
		w.t.Errorf("the parent ended with %s, want %s", got, want)
	}
}

// TestProcParentReady has commands say that they serve, as endless, grace and others do it.
func TestProcParentReady(t *testing.T) {
	tests := map[string]struct {
		signal syscall.Signal
		script string
	}{
		"by its parent":       {syscall.SIGTERM, "kill -TERM $PPID"},
		"by what it was told": {syscall.SIGQUIT, "kill -QUIT $MASTER"},
		"by a child":          {syscall.SIGUSR2, "sh -c 'kill -USR2 $MASTER; :'"},
		"twice":               {syscall.SIGTERM, "kill -TERM $PPID; kill -TERM $PPID"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := beneath(t, Parent{Ready: int(tt.signal)}, "export MASTER\n"+tt.script+"\nread line <&3\necho $line", unchanged)
			w.isReady()
			w.ends("exit status 0")
			fmt.Fprintln(w.input, "and lives")
			if got := w.lines(); got != "and lives" {
				t.Errorf("the command says %q", got)
			}
		})
	}
}

// TestProcParentPassesOn checks that a signal of another sender is for the command, also the one that would say that it is ready.
func TestProcParentPassesOn(t *testing.T) {
	for name, p := range map[string]Parent{"TERM": {Ready: int(syscall.SIGTERM)}, "USR1": {Stay: true}, "WINCH": {Stay: true}} {
		t.Run(name, func(t *testing.T) {
			w := beneath(t, p, "trap 'echo got it; exit 7' "+name+"\necho set\nread line <&3", unchanged)
			w.lines()
			if err := syscall.Kill(w.parent, p.Address(unix.SignalNum("SIG"+name))); err != nil {
				t.Fatal(err)
			}
			if got := w.lines(); got != "got it" {
				t.Errorf("the command says %q", got)
			}
			w.ends("exit status 7")
		})
	}
}

// TestProcParentEndsLikeChild checks that the end of the command is seen as if there were no parent.
func TestProcParentEndsLikeChild(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0": "exit status 0", "exit 3": "exit status 3", "kill -KILL $$": "signal: killed", "kill -TERM $$": "signal: terminated",
		"ulimit -c 0; kill -ABRT $$": "signal: aborted", "kill -USR1 $$": "signal: user defined signal 1",
	} {
		t.Run(script, func(t *testing.T) {
			beneath(t, Parent{Ready: int(syscall.SIGTERM)}, script, unchanged).ends(want)
		})
	}
}

// TestProcParentStays checks that overseer's signal means nothing and that the parent stays.
func TestProcParentStays(t *testing.T) {
	w := beneath(t, Parent{Stay: true}, "kill -USR1 $PPID; kill -USR2 $PPID\ntrap 'echo usr1' USR1\necho sent\nread line <&3\nexit 4", unchanged)
	if got := w.lines(); got != "sent" {
		t.Fatalf("the command says %q", got)
	}
	w.input.Close()
	if got := w.lines(); got != "" {
		t.Errorf("the command says %q", got)
	}
	w.ends("exit status 4")
}

// TestProcParentStaysReady checks that each server of a program may say that it serves: the first counts.
func TestProcParentStaysReady(t *testing.T) {
	w := beneath(t, Parent{Ready: int(syscall.SIGTERM), Stay: true}, "kill -TERM $PPID; read line <&3; kill -TERM $PPID; kill -USR2 $PPID; exit 5", unchanged)
	if got, with := w.hear(); got != "READY=1" || with != nil {
		t.Errorf("said %q", got)
	}
	w.input.Close()
	w.ends("exit status 5")
}

// TestProcParentHoldsNothing checks that the sockets of the command are the command's alone.
func TestProcParentHoldsNothing(t *testing.T) {
	w := beneath(t, Parent{Stay: true}, "read line <&3", unchanged)
	dir := fmt.Sprintf("/proc/%d/fd", w.parent)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, e := range entries {
		target, _ := os.Readlink(filepath.Join(dir, e.Name()))
		targets = append(targets, target)
	}
	for _, target := range targets {
		if target != "/dev/null" && !strings.Contains(target, "pidfd") && !strings.Contains(target, "event") {
			t.Errorf("the parent has %q", targets)
		}
	}
	w.input.Close()
	w.ends("exit status 1")
}

// TestProcParentIsTheUser checks that a command of another user may signal its parent.
func TestProcParentIsTheUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	w := beneath(t, Parent{Ready: int(syscall.SIGTERM)}, "id -u; kill -TERM $PPID; read line <&3; exit 0", func(p *Plan) { p.UID, p.GID = ptr(uint32(nobody)), ptr(uint32(nobody)) })
	if got := w.lines(); got != strconv.Itoa(nobody) {
		t.Errorf("the command is user %q", got)
	}
	w.isReady()
	w.ends("exit status 0")
}

// TestProcParentUnheard checks that a parent whose notice nobody takes goes on as one.
func TestProcParentUnheard(t *testing.T) {
	for name, socket := range map[string]string{"no socket": "", "nobody listens": "NOTIFY_SOCKET=/nowhere"} {
		t.Run(name, func(t *testing.T) {
			w := beneath(t, Parent{Ready: int(syscall.SIGTERM)}, "kill -TERM $PPID; trap 'exit 9' HUP; echo up; read line <&3", func(p *Plan) {
				p.Env = []string{"PATH=/usr/bin:/bin", socket}[:1+min(len(socket), 1)]
			})
			w.lines()
			if err := syscall.Kill(w.parent, syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			w.ends("exit status 9")
		})
	}
}

// TestProcParentFailure checks that what is wrong with the command is told as without a parent.
func TestProcParentFailure(t *testing.T) {
	for name, p := range map[string]Plan{
		"no such program": command("/no/such/program"),
		"no such right":   {Command: []string{"/bin/true"}, UID: ptr(uint32(1))},
	} {
		t.Run(name, func(t *testing.T) {
			p.Parent = &Parent{Ready: int(syscall.SIGTERM)}
			var as *syscall.Credential
			if os.Geteuid() == 0 {
				as = &syscall.Credential{Uid: nobody, Gid: nobody}
			}
			s := startStage(t, "stage", as, nil)
			err := s.send(t, encode(t, p))
			var failure *Failure
			if !asFailure(err, &failure) {
				t.Errorf("got %v", err)
			}
			s.cmd.Wait()
			if code := s.cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func asFailure(err error, f **Failure) bool {
	var ok bool
	*f, ok = err.(*Failure)
	return ok
}

func TestParentAddress(t *testing.T) {
	term, stay, both := &Parent{Ready: int(syscall.SIGTERM)}, &Parent{Stay: true}, &Parent{Ready: int(syscall.SIGTERM), Stay: true}
	tests := []struct {
		parent *Parent
		sig    syscall.Signal
		want   syscall.Signal
	}{
		{nil, syscall.SIGTERM, syscall.SIGTERM},
		{&Parent{}, syscall.SIGTERM, syscall.SIGTERM},
		{term, syscall.SIGTERM, instead},
		{term, syscall.SIGUSR1, syscall.SIGUSR1},
		{stay, syscall.SIGUSR1, instead},
		{stay, syscall.SIGUSR2, instead - 1},
		{stay, syscall.SIGTERM, syscall.SIGTERM},
		{both, syscall.SIGUSR2, instead - 2},
		{both, syscall.SIGHUP, syscall.SIGHUP},
	}
	for _, tt := range tests {
		if back := tt.parent.addressed(tt.want); back != tt.sig {
			t.Errorf("%v: %v is taken for %v", tt.parent, tt.want, back)
		}
		if got := tt.parent.Address(tt.sig); got != tt.want {
			t.Errorf("%v: %v is sent as %v, want %v", tt.parent, tt.sig, got, tt.want)
		}
	}
}
