package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childTarget makes the test binary the client that has no descriptors left.
const childTarget = "DRILL_TEST_STARVE_AND_CONNECT_TO"

func TestMain(m *testing.M) {
	if address := os.Getenv(childTarget); address != "" {
		starve(address)
		return
	}
	if manner := os.Getenv(asWorker); manner != "" {
		work(manner)
		return
	}
	os.Exit(m.Run())
}

// starve prints what Run says when open files are at their limit. One connection is made before, so that the poller is set up.
func starve(address string) {
	o := Options{Targets: []Target{{"tcp", address}}, HTTP: "/", Connections: 1, Clients: 1}
	first, err := Run(context.Background(), o)
	fmt.Println(first.OK, err)
	limit := syscall.Rlimit{Cur: 0, Max: 0}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		fmt.Println(err)
	}
	o.Timeout = 20 * time.Millisecond
	second, err := Run(context.Background(), o)
	fmt.Println(second.Attempts, errors.Is(err, errLocal), errors.Is(err, syscall.EMFILE))
}

// A client without descriptors is not the server's loss.
func TestProcRunOutOfDescriptors(t *testing.T) {
	target := serveTCP(t, reply(answer))
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childTarget+"="+target.Address, noRaceDelay)
	out, err := cmd.Output()
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

// Every connection from one address needs a port of its own.
func TestRunSpreadsSourceAddresses(t *testing.T) {
	var seen [256]atomic.Bool
	target := serveTCP(t, func(c net.Conn) {
		seen[c.RemoteAddr().(*net.TCPAddr).IP.To4()[3]].Store(true)
		reply(answer)(c)
	})
	expect(t, Options{Targets: []Target{target}, HTTP: "/", Connections: 2 * sources}, ok)
	for i := range seen {
		if used, want := seen[i].Load(), i >= 2 && i < 2+sources; used != want {
			t.Errorf("127.0.0.%d: used = %v, want %v", i, used, want)
		}
	}
}
