//go:build unix

package supervisor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcGuard checks that a listener that a worker has spoilt is put back for all, and that the log names the worker.
func TestProcGuard(t *testing.T) {
	for how, phrase := range map[string]string{"backlog": "changed the backlog", "shutdown": "shut a listener down"} {
		t.Run(how, func(t *testing.T) {
			gate := filepath.Join(t.TempDir(), "gate")
			if err := unix.Mkfifo(gate, 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, "listener \"web\" {\n address = \"tcp://127.0.0.1:0\"\n backlog = 44\n}\n"+
				"service \"app\" {\n command = [\"SELF\", \"worker\", \"spoil\", \""+how+"\", \""+gate+"\"]\n listeners = [\"web\"]\n ready { when = \"notify\" }\n}")
			r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted }) // before that nobody knows whom to name
			if err := os.WriteFile(gate, []byte("go on"), 0); err != nil {
				t.Fatal(err)
			}
			r.started()
			st := r.status()
			if got := st.Listeners[0].Backlog.Effective; got != 44 {
				t.Errorf("backlog %d", got)
			}
			c, err := net.Dial("tcp", r.address("web"))
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			culprit := fmt.Sprintf("service=app generation=1 worker=0 pid=%d", st.Services[0].Workers[0].PID)
			said := func(line string) bool { return strings.Contains(line, phrase) && strings.Contains(line, culprit) }
			if !slices.ContainsFunc(strings.Split(r.log.String(), "\n"), said) {
				t.Errorf("the log does not say %q of %s", phrase, culprit)
			}
		})
	}
}

// TestProcMainPID checks that a process that a worker has named lives and dies as the worker.
func TestProcMainPID(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "hand over"]
		ready { when = "notify" }
	}`).started()
	first := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted }).PID
	second := r.pids("app")[0]
	if first == second {
		t.Fatalf("process %d is the main one still", first)
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := r.m.Signal(t.Context(), "app", "KILL"); err != nil {
		t.Fatal(err)
	}
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed })
	if e.PID != second {
		t.Errorf("event %+v, want process %d", e, second)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerReady && e.PID != second && e.PID != first })
}

// TestProcSay checks that messages that mean nothing to supervise do no harm.
func TestProcSay(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "say", "FDSTORE=1\nFDNAME=x", "X_OWN=1", "RELOADING=1\nMONOTONIC_USEC=1", "not a message", "MAINPID=1", "STATUS=fine\nREADY=1"]
		ready { when = "notify" }
	}`).started()
	if w := r.status().Services[0].Workers[0]; w.Status != "fine" || w.Phase != "ready" {
		t.Errorf("worker %+v", w)
	}
	var told []string
	_ = r.m.Events(t.Context(), false, func(e Event) error {
		if e.Kind == KindWorkerIgnored {
			told = append(told, e.Message)
		}
		return nil
	})
	if !slices.Contains(told, "MAINPID ignored") {
		t.Errorf("ignored: %q", told)
	}
}

// TestProcUser checks what a worker and a hook of another user are given: an identity, a home, a folder of their own.
func TestProcUser(t *testing.T) {
	name, id := "nobody", "65534"
	if os.Getuid() != 0 {
		name, id = strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getuid())
	}
	r := newRig(t, `service "app" {
		user    = "`+name+`"
		command = ["/bin/sh", "-c", "echo worker $(id -u) $HOME; touch $0/file; echo up; exec sleep 1000", "${worker.runtime_dir}"]
		ready {
			when = "log"
			pattern = "^up$"
		}
		hooks { before_start = ["/bin/sh", "-c", "echo hook $(id -u) $HOME"] }
	}`).started()
	home := ""
	if name == "nobody" {
		home = " /nonexistent"
	}
	for _, want := range []string{"worker " + id + home, "hook " + id + home} {
		if lines := r.lines("app"); !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("no %q in %q", want, lines)
		}
	}
	dir := filepath.Join(r.dir, "app.1.0")
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if uid := fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid); uid != id || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %s's with mode %s", uid, info.Mode())
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
		t.Error(err)
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(r.dir + "/*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestProcInheritOutput checks that a worker gets supervise's own output, and no pipe.
func TestProcInheritOutput(t *testing.T) {
	r := newRig(t, "service \"app\" {\n command = [\"/bin/sleep\", \"1000\"]\n output = \"inherit\"\n ready { when = \"started\" }\n}").started()
	for _, fd := range []string{"1", "2"} {
		mine, err := os.Readlink("/proc/self/fd/" + fd)
		if err != nil {
			t.Fatal(err)
		}
		if theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", r.pids("app")[0], fd)); err != nil || theirs != mine {
			t.Errorf("descriptor %s is %q, want %q, %v", fd, theirs, mine, err)
		}
	}
}

// TestProcOutputFileClosed checks that a file that no service writes to any more does not stay open.
func TestProcOutputFileClosed(t *testing.T) {
	r := newRig(t, quick("app", "output = \"file://DIR/one.log\"")).started()
	if err := r.reload(quick("app", "output = \"file://DIR/two.log\"")); err != nil {
		t.Fatal(err)
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	r.m.host.files.mu.Lock()
	defer r.m.host.files.mu.Unlock()
	if n := len(r.m.host.files.open); n != 0 {
		t.Errorf("%d files are open", n)
	}
}

// TestProcClosedListener: a server that does not know a listener closes it, and everything else looks well.
func TestProcClosedListener(t *testing.T) {
	r := newRig(t, `
	listener "web" { address = "tcp4://127.0.0.1:0" }
	listener "admin" { address = "tcp4://127.0.0.1:0" }
	service "app" {
		command   = ["SELF", "worker", "spoil", "close"]
		listeners = ["web", "admin"]
		ready { when = "notify" }
	}`).started()
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerClosed })
	if e.Listener != "admin" || e.PID != r.status().Services[0].Workers[0].PID || !strings.Contains(e.Error, "have its own configuration use tcp4://127.0.0.1:") {
		t.Errorf("got %+v", e)
	}
	_ = r.m.Events(t.Context(), false, func(e Event) error {
		if e.Kind == KindWorkerClosed && e.Listener != "admin" {
			t.Errorf("told as well: %+v", e)
		}
		return nil
	})
}
