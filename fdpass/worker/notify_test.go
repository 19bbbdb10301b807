//go:build linux

package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// receiver is a supervisor's end of NOTIFY_SOCKET.
func receiver(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return c
}

func next(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 4096)
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestNotify(t *testing.T) {
	c := receiver(t, filepath.Join(t.TempDir(), "n"))
	for _, step := range []struct {
		tell func() error
		want string
	}{
		{Ready, "READY=1"},
		{func() error { return Status("47 of 48 shards loaded") }, "STATUS=47 of 48 shards loaded"},
		{tellStopping, "STOPPING=1"},
	} {
		if err := step.tell(); err != nil {
			t.Fatal(err)
		}
		if got := next(t, c); got != step.want {
			t.Errorf("told %q, want %q", got, step.want)
		}
	}
}

func TestNotifyAbstract(t *testing.T) {
	c := receiver(t, fmt.Sprintf("@supervise-worker-test-%d", os.Getpid()))
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
	if got := next(t, c); got != "READY=1" {
		t.Errorf("told %q", got)
	}
}

func TestReloading(t *testing.T) {
	c := receiver(t, filepath.Join(t.TempDir(), "n"))
	if err := Reloading(); err != nil {
		t.Fatal(err)
	}
	var usec int64
	got := next(t, c)
	if n, err := fmt.Sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%d", &usec); n != 1 || err != nil || usec <= 0 {
		t.Errorf("told %q", got)
	}
}

func TestNotifyUnsupervised(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	for _, tell := range []func() error{Ready, Reloading, func() error { return Status("x") }} {
		if err := tell(); err != nil {
			t.Errorf("without a supervisor: %v", err)
		}
	}
}

func TestNotifyErrors(t *testing.T) {
	if err := Status("one\nREADY=1"); err == nil {
		t.Error("a status smuggles in a second message")
	}
	t.Setenv("NOTIFY_SOCKET", "relative/path")
	if err := Ready(); err == nil || !strings.Contains(err.Error(), "not an absolute path") {
		t.Errorf("relative NOTIFY_SOCKET: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if err := Ready(); err == nil || !strings.Contains(err.Error(), "cannot notify the supervisor: ") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestProcStopping(t *testing.T) {
	c := receiver(t, filepath.Join(t.TempDir(), "n"))
	ctx := Stopping(t.Context())
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if got := next(t, c); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}

func TestStoppingByParent(t *testing.T) {
	c := receiver(t, filepath.Join(t.TempDir(), "n"))
	parent, cancel := context.WithCancel(t.Context())
	ctx := Stopping(parent)
	cancel()
	<-ctx.Done()
	if got := next(t, c); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}
