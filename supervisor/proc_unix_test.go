//go:build unix

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestProcEnvironment checks what a worker is told, and what it is not.
func TestProcEnvironment(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/outer")
	t.Setenv("LISTEN_FDS", "7")
	t.Setenv("FROM_OUTSIDE", "yes")
	r := newRig(t, web+`service "app" {
		command     = ["SELF", "worker", "env"]
		listeners   = ["web"]
		environment = { PORT = "${listener.web.port}", FD = "${listener.web.fd}", N = "${9000 + worker.index}", G = "${generation}" }
		ready {
			when = "log"
			pattern = "that was all"
		}
	}`).started()
	_, port, _ := net.SplitHostPort(r.address("web"))
	lines := r.lines("app")
	for _, want := range []string{"PORT=" + port, "FD=3", "N=9000", "G=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=web", "SUPERVISE_SERVICE=app",
		"EINHORN_FD_0=3", "SERVER_STARTER_PORT=127.0.0.1:" + port + "=3", "FROM_OUTSIDE=yes", "LISTEN_PID=" + strconv.Itoa(r.pids("app")[0])} {
		if !slices.Contains(lines, want) {
			t.Errorf("missing %s", want)
		}
	}
	if slices.Contains(lines, "NOTIFY_SOCKET=/outer") {
		t.Error("the outer NOTIFY_SOCKET leaked")
	}
}

// TestProcForeignNotify checks that only the worker can say that it is ready.
func TestProcForeignNotify(t *testing.T) {
	r := newRig(t, `service "app" {
		command = ["SELF", "worker", "wait"]
		ready { when = "notify" }
	}`)
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerStarted })
	c, err := net.Dial("unixgram", filepath.Join(r.dir, "app.1.0.notify"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "READY=1"); err != nil {
		t.Fatal(err)
	}
	e := r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerIgnored })
	if e.PID != os.Getpid() || r.status().Services[0].Workers[0].Phase != "starting" {
		t.Errorf("event %+v, status %+v", e, r.status().Services[0])
	}
}

// TestProcDescriptors checks that restarts leave nothing behind, here and in a fresh worker.
func TestProcDescriptors(t *testing.T) {
	// A shell opens nothing once it speaks; a program that is still being loaded has its libraries open.
	r := newRig(t, web+`service "app" {
		command   = ["sh", "-c", "echo up; sleep 1000 & wait"]
		listeners = ["web"]
		workers   = 2
		ready {
			when    = "log"
			pattern = "^up$"
		}
	}`).started()
	if err := r.restart("app"); err != nil {
		t.Fatal(err)
	}
	r.awaitQuiet("app", 2)
	mine := descriptors(os.Getpid())
	rounds := 100
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		if err := r.restart("app"); err != nil {
			t.Fatal(err)
		}
	}
	r.awaitQuiet("app", 2)
	if got := descriptorsBut(os.Getpid(), mine); got > mine {
		t.Errorf("supervise has %d descriptors, had %d", got, mine)
	}
	if got := descriptors(r.pids("app")[0]); got != 4 {
		t.Errorf("a worker has %d descriptors, want 0, 1, 2 and its listener", got)
	}
	if left, _ := filepath.Glob(r.dir + "/*"); len(left) != 4 { // two folders, two notify sockets
		t.Errorf("left in the runtime folder: %q", left)
	}
}

func TestProcSignalAndNames(t *testing.T) {
	r := newRig(t, app).started()
	if err := r.m.Signal(t.Context(), "app", "SIGNONE"); err == nil {
		t.Error("no such signal, no error")
	}
	if err := r.m.Signal(t.Context(), "app", "KILL"); err != nil {
		t.Error(err)
	}
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed })
	var unknown *NotFoundError
	if err := r.restart("nope"); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "app") {
		t.Errorf("error %v", err)
	}
	if err := r.m.Hold(t.Context(), "nope"); !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
}

// descriptors counts what a process has open, but for the folders of /proc in which it is just looking for something.
func descriptors(pid int) (n int) {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		if to, err := os.Readlink(dir + e.Name()); err == nil && !strings.HasPrefix(to, "/proc/") {
			n++
		}
	}
	return n
}

// descriptorsBut counts them when there are no more than that, or when there still are after a while: what goroutines are just done with goes,
// a leak stays.
func descriptorsBut(pid, most int) (n int) {
	for range 500 {
		if n = descriptors(pid); n <= most {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	return n
}

func TestProcHold(t *testing.T) {
	r := newRig(t, app).started()
	address := r.address("web")
	if err := r.m.Hold(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if !r.status().Listeners[0].Held {
		t.Error("status does not say that it is held")
	}
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
		_, err := http.DefaultClient.Do(req)
		answer <- err
	}()
	if err := r.m.Release(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
	cancel()
}

func TestProcReadyNumber(t *testing.T) {
	newRig(t, `service "app" {
		command = ["SELF", "worker", "newline"]
		ready {
			when = "newline"
			fd   = 9
		}
	}`).started()
}

// TestProcDependencyRepaired checks that dependents start once a dependency runs, also when a person had to stop and start it.
func TestProcDependencyRepaired(t *testing.T) {
	r := newRig(t, quick("a", `depends_on = ["b"]`)+"service \"b\" {\n command = [\"DIR/run\"]\n ready { when = \"started\" }\n}")
	r.awaitEvent(func(e Event) bool { return e.Kind == KindWorkerFailed && e.Service == "b" })
	if err := r.m.Stop(t.Context(), "b", nil); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "run"), []byte("#!/bin/sh\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.m.Start(t.Context(), "b", nil); err != nil {
		t.Error(err)
	}
	r.started()
}
