//go:build linux

package supervisor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass/wire"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

// inodeOf is that of the socket which process pid has open, by the address where it listens.
func inodeOf(t *testing.T, fd int) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func listenerInode(t *testing.T, r *rig, name string) (inode uint64) {
	t.Helper()
	list, err := r.m.Descriptors(t.Context(), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	defer list[0].Descriptor.Close()
	_ = list[0].Descriptor.Use(func(fd int) error { inode = inodeOf(t, fd); return nil })
	return inode
}

// TestProcServed has a worker's own sockets taken at the socket that is served to it, in a folder that goes with it.
func TestProcServed(t *testing.T) {
	r := newRig(t, web+`service "app" {
		command   = ["SELF", "worker", "wait"]
		listeners = ["web"]
		handoff   = ["s6-fdholder"]
		ready { settle = "10ms" }
	}`).started()
	path := filepath.Join(r.dir, "app.1.0", "fdholder.sock")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info, err)
	}
	d, err := wire.FetchFDHolder(t.Context(), path, "web")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_ = d.Use(func(fd int) error {
		if got, want := inodeOf(t, fd), listenerInode(t, r, "web"); got != want {
			t.Errorf("socket %d, want %d", got, want)
		}
		return nil
	})
	if _, err := wire.FetchFDHolder(t.Context(), path, "other"); err == nil {
		t.Error("another name was given")
	}
	if held := r.heldFor("worker/app/1/0/"); !slices.ContainsFunc(held, func(n string) bool { return strings.HasSuffix(n, servePart+"s6-fdholder") }) {
		t.Errorf("held are %q", held)
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	if held := r.heldFor("worker/"); len(held) > 0 {
		t.Errorf("held are %q after the end", held)
	}
	if left, _ := filepath.Glob(r.dir + "/app*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestProcServedGarbage checks that nonsense at a served socket ends that connection and nothing else.
func TestProcServedGarbage(t *testing.T) {
	r := newRig(t, web+`service "app" {
		command   = ["SELF", "worker", "wait"]
		listeners = ["web"]
		handoff   = ["einhorn"]
		ready {
			when    = "notify"
			timeout = "1h"
		}
	}`)
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
	path := filepath.Join(r.dir, "app.1.0", "einhorn.sock")
	for _, text := range []string{"garbage\n", "{\"command\":\"worker:ack\",\"pid\":1}\n", ""} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.UnixConn).CloseWrite()
		_, _ = c.Read(make([]byte, 100))
		c.Close()
	}
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerIgnored })
	if e.PID != 1 {
		t.Errorf("event %+v", e)
	}
	if w := r.status().Services[0].Workers[0]; w.Phase != "starting" {
		t.Errorf("the worker is %s", w.Phase)
	}
	ack, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ack.Close()
	fmt.Fprintf(ack, "{\"command\":\"worker:ack\",\"pid\":%d}\n", r.pids("app")[0])
	r.started()
}

// TestProcUpstart checks that a worker that stops itself to say that it is ready goes on, and that one that somebody else stops later
// stays stopped.
func TestProcUpstart(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["/bin/sh", "-c", "kill -STOP $$; echo on; exec sleep 1000"]
		ready { when = "upstart" }
	}`).started()
	for len(r.lines("app")) == 0 {
		r.status()
	}
	pid := r.pids("app")[0]
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for !proctree.Stopped(pid) { // a stop is not over when kill(2) returns
		runtime.Gosched()
	}
	r.succeed(func(*keeper.Inventory) {})
	r.status()
	if !proctree.Stopped(pid) {
		t.Error("it goes on")
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// TestProcStoreHangUp checks that what is of no use any more is let go of: a pipe whose writer is gone, unless FDPOLL=0, and what a
// worker removes.
func TestProcStoreHangUp(t *testing.T) {
	r := newRig(t, `service "app" {
		command  = ["SELF", "worker", "store"]
		fd_store = 8
		ready { when = "notify" }
	}`).started()
	for held := r.heldFor("store/app/"); len(held) != 1; held = r.heldFor("store/app/") {
		r.status()
	}
	app, err := r.m.find(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	reply := make(chan []storedState, 1)
	app.look(func() { reply <- app.store.state() })
	if got := <-reply; len(got) != 1 || got[0].Name != "unpolled" {
		t.Errorf("stored: %+v", got)
	}
	if err := r.m.Stop(t.Context(), "app", nil); err != nil {
		t.Fatal(err)
	}
	if held := r.heldFor("store/"); len(held) > 0 {
		t.Errorf("held are %q after the end", held)
	}
}

// TestProcParent has a worker that signals its parent, as endless and grace do.
func TestProcParent(t *testing.T) {
	r := newRig(t, web+`service "app" {
		command   = ["/bin/sh", "-c", "kill -TERM $PPID; echo $$ signalled $PPID; exec sleep 1000"]
		listeners = ["web"]
		handoff   = ["grace"]
		ready { when = "notify" }
	}`).started()
	first := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted }).PID
	pid := r.pids("app")[0]
	for len(r.lines("app")) == 0 { // what it prints may come after what it says
		r.status()
	}
	if want := fmt.Sprintf("%d signalled %d", pid, first); !slices.Contains(r.lines("app"), want) {
		t.Errorf("no %q in %q", want, r.lines("app"))
	}
	r.succeed(func(*keeper.Inventory) {})
	if got := r.pids("app")[0]; got != pid {
		t.Errorf("process %d is followed, not %d", got, pid)
	}
	if err := r.m.Signal(t.Context(), "app", "TERM"); err != nil { // straight to the worker: there is no parent any more
		t.Fatal(err)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed && e.PID == pid })
}

// TestProcParentStop checks that a worker is stopped although its parent would take the signal for another word.
func TestProcParentStop(t *testing.T) {
	r := newRig(t, web+`service "app" {
		command   = ["SELF", "worker", "wait"]
		listeners = ["web"]
		handoff   = ["endless"]
		ready {
			when    = "log"
			pattern = "worker wait"
		}
		stop { timeout = "1h" }
	}`).started()
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	r.awaitQuiet("app", 1)
}
