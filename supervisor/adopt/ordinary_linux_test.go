package adopt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

const nobody = 65534

// asOrdinaryUser runs the test again as a user without privileges. It is false in that run.
func asOrdinaryUser(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return false
	}
	dir := t.TempDir()
	own, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, own, 0o755); err != nil {
		t.Fatal(err)
	}
	for path := dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, quickExit)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "SKIP") {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
	return true
}

func TestProcOrdinaryUser(t *testing.T) {
	if asOrdinaryUser(t) {
		return
	}
	if err := Supported(); err != nil {
		t.Fatal(err)
	}
	program := actor(t)
	for sharing, mode := range map[string]Mode{"generation": Own, "all": Shared} {
		r := newRig(t, sharing, tcp4())
		p := r.start(append([]string{program}, r.words("tcp4 nonblock epoll bind=AT listen=5 eserve")...)...)
		if e := r.expect(p, Listened); e.Mode != mode {
			t.Errorf("got %+v", e)
		}
		r.ask(0)
		if n := noNewPrivs(t, p.Process.Pid); n != "1" {
			t.Errorf("no_new_privs is %q", n)
		}
	}
}

func noNewPrivs(t *testing.T, pid int) string {
	t.Helper()
	value, ok := field(procFile(pid, "status"), "NoNewPrivs:")
	if !ok {
		t.Fatal("it does not say NoNewPrivs")
	}
	return value
}

// Root's programs can gain privileges as ever.
func TestProcRootNeedsNoNewPrivs(t *testing.T) {
	if os.Geteuid() != 0 {
		missing(t, "needs root")
	}
	r := newRig(t, "generation", tcp4())
	p := r.start(append([]string{actor(t)}, r.words("tcp4 bind=AT listen=5 serve")...)...)
	r.expect(p, Listened)
	if n := noNewPrivs(t, p.Process.Pid); n != "0" {
		t.Errorf("no_new_privs is %q", n)
	}
}

// A program that may not be looked at binds by itself, and that is said.
func TestProcUnreadable(t *testing.T) {
	if asOrdinaryUser(t) {
		return
	}
	r := newRig(t, "generation", tcp4())
	p := r.start(append([]string{actor(t)}, r.words("undumpable tcp4 bind=AT")...)...)
	e := r.expect(p, NotIntercepted)
	if !strings.Contains(e.Why, "CAP_SYS_PTRACE") || e.PID != p.Process.Pid {
		t.Errorf("got %+v", e)
	}
	if err := <-p.served; err != nil {
		t.Error(err)
	}
}

// A filter that asks somebody already, such as supervise's own in a supervise that is adopted, leaves no room for another.
func TestProcFilterInFilter(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	p := r.start("env", "ADOPT_CHILD=stage", os.Args[0], "true")
	if said := p.rest(); !strings.Contains(said, "there can be only one") {
		t.Errorf("the program says %q", said)
	}
}

// Every user of the filter may be killed while it waits.
func TestProcKilledWhileItWaits(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	p := r.launch(append([]string{actor(t)}, r.words("say=begin tcp4 bind=AT listen=5 serve")...)...)
	p.line("begin")
	_ = unix.Kill(p.Process.Pid, unix.SIGKILL)
	_ = p.Wait()
	r.serve(p)
	if err := <-p.served; err != nil {
		t.Error(err)
	}
}

// Who is told to stop leaves the next question to another.
func TestProcServeAgain(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	p := r.start(append([]string{actor(t)}, r.words("tcp4 bind=AT wait listen=5 serve")...)...)
	p.line("waiting")
	p.stop()
	if err := <-p.served; err == nil || err != t.Context().Err() && err.Error() != "context canceled" {
		t.Error(err)
	}
	_, _ = p.in.Write([]byte{'\n'})
	r.serve(p)
	r.expect(p, Listened)
	r.ask(0)
}

// A signal that comes while the question is being answered waits: bind does not return EINTR.
func TestProcSignalWhileItWaits(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	p := r.launch(append([]string{actor(t)}, r.words("handler tcp4 bind=AT listen=5 serve")...)...)
	o := r.options(p)
	o.at = func(step string) {
		if step == "taken" || step == "decided" {
			_ = unix.Kill(p.Process.Pid, unix.SIGUSR1)
		}
	}
	p.served = make(chan error, 1)
	go func() { p.served <- Serve(t.Context(), o) }()
	r.expect(p, Listened)
	r.ask(0)
}

// A program in a network of its own is served by nobody there but itself.
func TestProcAnotherNetwork(t *testing.T) {
	if os.Geteuid() != 0 {
		missing(t, "needs root")
	}
	r := newRig(t, "generation", fdpass.Address{Network: "tcp4", Host: "0.0.0.0"})
	p := r.start(append([]string{actor(t)}, r.words("newnet tcp4 bind=AT listen=5 say=alone")...)...)
	p.line("alone")
	if e := r.expect(p, NotIntercepted); !strings.Contains(e.Why, "network namespace") {
		t.Errorf("got %+v", e)
	}
}
