package worker

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// datagrams is a receiver.
type datagrams struct{ *net.UnixConn }

func newReceiver(t *testing.T) receiver {
	t.Helper()
	return receiverAt(t, filepath.Join(t.TempDir(), "n"))
}

func receiverAt(t *testing.T, path string) receiver {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return datagrams{c}
}

func (d datagrams) next(t *testing.T) string {
	t.Helper()
	buf := make([]byte, 4096)
	if err := d.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := d.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// nobody is a name at which nobody receives.
func nobody(t *testing.T) string { return filepath.Join(t.TempDir(), "nobody") }

func TestNotifyAbstract(t *testing.T) {
	c := receiverAt(t, fmt.Sprintf("@supervise-worker-test-%d", os.Getpid()))
	if err := Ready(); err != nil {
		t.Fatal(err)
	}
	if got := c.next(t); got != "READY=1" {
		t.Errorf("told %q", got)
	}
}

func TestProcStopping(t *testing.T) {
	c := newReceiver(t)
	ctx := Stopping(t.Context())
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if got := c.next(t); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}
