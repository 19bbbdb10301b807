package drill

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A client without descriptors is not the server's loss.
func TestProcRunOutOfDescriptors(t *testing.T) {
	target := serveTCP(t, reply(answer))
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childTarget+"="+target.Address)
	out, err := cmd.CombinedOutput()
	if want := "1 <nil>\n0 true true\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

// fullListener has a backlog of 0, which admits one connection, and is never accepted from unless the test does it.
func fullListener(t *testing.T) (fd int, target Target) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	return fd, Target{"unix", path}
}

func TestRunUnixBacklogStaysFull(t *testing.T) {
	_, target := fullListener(t)
	r := expect(t, Options{Targets: []Target{target}, Connections: 6, Clients: 3, Timeout: 30 * time.Millisecond}, timeout)
	if r.OK != 0 {
		t.Error(r)
	}
}

// A full backlog that empties is no loss: EAGAIN is asked again.
func TestRunUnixBacklogEmpties(t *testing.T) {
	fd, target := fullListener(t)
	accepted := make(chan error, 1)
	go func() {
		for range 200 {
			c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
			if err != nil {
				accepted <- err
				return
			}
			_ = unix.Close(c)
		}
		accepted <- nil
	}()
	expect(t, Options{Targets: []Target{target}, Connections: 200, Clients: 32}, ok)
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
}
