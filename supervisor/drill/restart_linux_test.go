package drill

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// asWorker makes the test binary a worker that serves descriptor 3. It says "ready", and its manner of leaving, when its stdin
// ends, is the value.
const asWorker = "DRILL_TEST_WORKER"

// noRaceDelay: with -race a program waits a second before it exits.
const noRaceDelay = "GORACE=atexit_sleep_ms=0"

// work is such a worker. A "graceful" one stops accepting, serves what it has and exits; a "rude" one exits with a connection in
// its hand; one that "answers half" leaves a response unfinished.
func work(manner string) {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(stop)
		if manner == "graceful" {
			_ = l.Close()
		}
	}()
	fmt.Println("ready")
	var group sync.WaitGroup
	defer group.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		group.Go(func() { workOn(c, manner, stop) })
	}
}

func workOn(c net.Conn, manner string, stop <-chan struct{}) {
	defer c.Close()
	if !readRequest(c) {
		return
	}
	select {
	case <-stop:
	default:
		_, _ = io.WriteString(c, answer)
		return
	}
	switch manner {
	case "rude":
		_ = c.(*net.TCPConn).SetLinger(0)
		os.Exit(0)
	case "answers half":
		_, _ = io.WriteString(c, answer[:20])
		os.Exit(0)
	}
	_, _ = io.WriteString(c, answer)
}

// deploy keeps one worker running on one listener.
type deploy struct {
	manner   string
	listener *os.File
	worker   *exec.Cmd
	stop     io.Closer
}

// newDeploy listens raw: the socket must be in blocking mode when os.NewFile looks at it, or each start would switch the
// running worker's socket to blocking, which is the same one.
func newDeploy(t *testing.T, manner string) (*deploy, Target) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := &deploy{manner: manner, listener: os.NewFile(uintptr(fd), "listener")}
	t.Cleanup(func() { _ = d.listener.Close() })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 1024); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.worker.Process.Kill(); _ = d.worker.Wait() }) // a bad one only leaves with work in its hand
	return d, Target{"tcp", fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port)}
}

// restart starts the next worker, waits until it is ready, and then makes the old one leave.
func (d *deploy) restart(ctx context.Context, _ int) error {
	next := exec.CommandContext(context.WithoutCancel(ctx), os.Args[0])
	next.Env = append(os.Environ(), asWorker+"="+d.manner, noRaceDelay)
	next.ExtraFiles = []*os.File{d.listener}
	stop, err := next.StdinPipe()
	if err != nil {
		return err
	}
	out, err := next.StdoutPipe()
	if err != nil {
		return err
	}
	if err := next.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" {
		return fmt.Errorf("worker says %q: %w", line, err)
	}
	err = d.leave()
	d.worker, d.stop = next, stop
	return err
}

func (d *deploy) leave() error {
	if d.worker == nil {
		return nil
	}
	_ = d.stop.Close()
	return d.worker.Wait()
}

func TestProcGracefulWorkerLosesNothing(t *testing.T) {
	d, target := newDeploy(t, "graceful")
	o := Options{Targets: []Target{target}, HTTP: "/", Connections: 3000, Restarts: 6, Restart: d.restart}
	if r := expect(t, o, ok); r.Restarts != 6 {
		t.Errorf("got %+v", r)
	}
}

// A worker that leaves with work in its hand loses at least that, at each restart, and the class says how.
func TestProcBadWorkersAreSeen(t *testing.T) {
	for manner, count := range map[string]func(Result) int{
		"rude":         func(r Result) int { return r.Reset },
		"answers half": func(r Result) int { return r.EOF },
	} {
		d, target := newDeploy(t, manner)
		r, err := Run(t.Context(), Options{Targets: []Target{target}, HTTP: "/", Connections: 2000, Clients: 8, Restarts: 3, Restart: d.restart})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(r); n < 3 || r.OK+r.Lost() != r.Attempts || r.Refused+r.Timeout+r.Other != 0 {
			t.Errorf("%s: %+v", manner, r)
		}
		for _, text := range r.Failed {
			if strings.Contains(text, "before any restart") {
				t.Errorf("%s: %q", manner, text)
			}
		}
	}
}
