package notify

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// systemdNotify is the program people call from shell workers. .ci/run installs it.
func systemdNotify(t *testing.T, s *Socket, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "systemd-notify", args...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+s.Path())
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// systemd-notify waits at a barrier until we have dealt with its message.
func TestProcSystemdNotify(t *testing.T) {
	s := listenHere(t)
	cmd := systemdNotify(t, s, "--ready", "--status=loaded 3 things", fmt.Sprintf("--pid=%d", os.Getpid()))
	m := receive(t, s)
	if !m.Ready || m.Status != "loaded 3 things" || m.MainPID != os.Getpid() || m.UID != os.Getuid() {
		t.Errorf("got %+v", m)
	}
	// With --pid it says that the message is the named process's, which root may.
	if m.PID != os.Getpid() && m.PID != cmd.Process.Pid {
		t.Errorf("sent by %d, which is neither of us", m.PID)
	}
	barrier := receive(t, s)
	if barrier.Barrier == nil {
		t.Fatalf("got %+v instead of a barrier", barrier)
	}
	if err := cmd.Process.Signal(unix.Signal(0)); err != nil {
		t.Errorf("it has not waited: %v", err)
	}
	_ = barrier.Barrier.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("systemd-notify: %v", err)
	}
}

func TestProcSystemdNotifyWithoutBarrier(t *testing.T) {
	s := listenHere(t)
	cmd := systemdNotify(t, s, "--no-block", "READY=1", "EXTEND_TIMEOUT_USEC=2000000", "WATCHDOG=1")
	// It may be gone before we read: the credentials are in the queue with the message.
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	m := receive(t, s)
	if !m.Ready || !m.Watchdog || m.ExtendTimeout != 2*time.Second || m.PID == 0 {
		t.Errorf("got %+v", m)
	}
}

// Each worker may use what its language has: this one is plain Python.
func TestProcPythonWorker(t *testing.T) {
	s := listenHere(t)
	cmd := exec.CommandContext(t.Context(), "python3", "-c", `
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.sendall(b"READY=1\nMAINPID=%d" % os.getpid())
`)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+s.Path())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if m := receive(t, s); !m.Ready || m.PID != cmd.Process.Pid || m.MainPID != m.PID {
		t.Errorf("got %+v from process %d", m, cmd.Process.Pid)
	}
}

func BenchmarkReceive(b *testing.B) {
	s := listenHere(b)
	fd := sender(b, s)
	go func() {
		for range b.N {
			_ = unix.Sendmsg(fd, []byte("WATCHDOG=1"), nil, nil, 0)
		}
	}()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		receive(b, s)
	}
}
