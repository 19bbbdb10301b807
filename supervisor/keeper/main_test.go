//go:build linux

package keeper

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// TestMain makes the test binary its own stage and its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "keeper":
			syscall.Exit(keeperMain())
		case "manager":
			managerMain()
			syscall.Exit(0)
		case "stage":
			syscall.Exit(stage.Main()) // os.Exit waits a second in a race build
		case "spawn-without-file":
			if err := spawnWithoutFile(); err != nil {
				fmt.Println(err)
				syscall.Exit(1)
			}
			syscall.Exit(0)
		case "list-descriptors":
			listDescriptors()
			syscall.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// listDescriptors prints number and flags of everything open.
func listDescriptors() {
	for fd := range 4096 {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			continue
		}
		status, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		fmt.Printf("%d cloexec=%t nonblock=%t\n", fd, flags&unix.FD_CLOEXEC != 0, status&unix.O_NONBLOCK != 0)
	}
}

// bench is a keeper under test.
type bench struct {
	Keeper
	core *core
	t    testing.TB
}

// both runs a test with the keeper inside this process and with one over the
// socket.
func both(t *testing.T, test func(*testing.T, bench)) {
	t.Run("local", func(t *testing.T) { test(t, newBench(t)) })
	t.Run("client", func(t *testing.T) { test(t, newRemoteBench(t)) })
}

// newBench makes a keeper. At the end of the test all its workers are killed
// and forgotten, and nothing must be left of them.
func newBench(t testing.TB) bench {
	t.Helper()
	l, err := NewLocal("")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{l, l.core, t}
	t.Cleanup(b.clear)
	return b
}

// newRemoteBench makes a Client of a server whose loop is in this process.
func newRemoteBench(t testing.TB) bench {
	t.Helper()
	_, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	b := bench{c, c.core, t}
	t.Cleanup(b.clear)
	return b
}

// fakeProcess is a manager that is no process: it ends when it is killed.
type fakeProcess struct {
	once  sync.Once
	ended chan struct{}
}

func (f *fakeProcess) wait() (Exit, error) {
	<-f.ended
	return Exit{Signal: syscall.SIGKILL}, nil
}

func (f *fakeProcess) signal(syscall.Signal) error {
	f.once.Do(func() { close(f.ended) })
	return nil
}

func (f *fakeProcess) reap()  {}
func (f *fakeProcess) close() {}

// rig is a server whose loop is in this process, with one manager.
type rig struct {
	*server
	manager *manager
	ended   chan struct{} // closed when the manager has ended
}

// newRig gives the manager's end of the connection to the caller, who owns it.
func newRig(t testing.TB) (*rig, int) {
	t.Helper()
	c, theirs, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{newServer(Options{Program: "/bin/false"}), nil, make(chan struct{})}
	r.manager = &manager{process: &fakeProcess{ended: make(chan struct{})}, conn: c, late: make(map[string]uint64)}
	r.current = r.manager
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case note := <-r.notes:
				note()
			case <-stop:
				return
			}
		}
	}()
	go func() {
		r.serve(r.manager)
		close(r.ended)
	}()
	t.Cleanup(func() {
		r.manager.conn.hangUp()
		<-r.ended
		close(stop)
		<-stopped
		r.manager.conn.close()
		for _, k := range r.kept {
			_ = k.descriptor.Close()
		}
	})
	return r, theirs
}

func (b bench) clear() {
	ids, err := ask(b.core, func(s *state) (list []ID, _ error) {
		for id, w := range s.workers {
			if !w.forgotten {
				list = append(list, id)
			}
		}
		return list, nil
	})
	if errors.Is(err, os.ErrClosed) {
		return
	}
	b.must(err)
	for _, id := range ids {
		b.must(b.Kill(id))
		b.wait(id)
		b.must(b.Forget(id))
	}
	b.must(b.Close())
}

func (b bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// running is a worker with its output. The pipe ends when the last process
// that has it is gone.
type running struct {
	Process
	out *bufio.Reader
}

// run starts a worker with stdout in a pipe.
func (b bench) run(s Spawn) running {
	b.t.Helper()
	r, w, err := fdpass.Pipe()
	b.must(err)
	b.t.Cleanup(func() { r.Close() })
	s.Files = append(s.Files, File{Number: 1, Descriptor: w})
	p, err := b.Spawn(s)
	b.must(errors.Join(err, w.Close()))
	return running{p, bufio.NewReader(r)}
}

// shell is a worker that runs a script.
func shell(script string) Spawn {
	return Spawn{Label: "test", Plan: stage.Plan{Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}}
}

// line reads one line of output.
func (r running) line(t testing.TB) string {
	t.Helper()
	text, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("output ended with %q: %v", text, err)
	}
	return strings.TrimSuffix(text, "\n")
}

// rest reads output until every process that could write it is gone.
func (r running) rest(t testing.TB) string {
	t.Helper()
	b, err := io.ReadAll(r.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (b bench) wait(id ID) Exit {
	b.t.Helper()
	exit, err := b.Wait(id)
	b.must(err)
	return exit
}

// finish waits for a worker, forgets it and returns its exit.
func (b bench) finish(id ID) Exit {
	b.t.Helper()
	exit := b.wait(id)
	b.must(b.Forget(id))
	return exit
}

// stdin is a pipe for a worker to read from, blocking as programs expect it, and
// what ends it.
func (b bench) stdin() (*fdpass.Descriptor, func()) {
	b.t.Helper()
	var fds [2]int
	b.must(unix.Pipe2(fds[:], unix.O_CLOEXEC))
	w := fdpass.NewDescriptor(fds[1])
	b.t.Cleanup(func() { w.Close() })
	return fdpass.NewDescriptor(fds[0]), func() { b.must(w.Close()) }
}

// awaitZombie returns when a child is gone, and leaves it for the keeper.
func awaitZombie(t testing.TB, pid int) {
	t.Helper()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
}

// openDescriptors counts what this process has open.
func openDescriptors(t testing.TB) int { return descriptorsOf(t, os.Getpid()) }

// descriptorsOf counts those of a process, but for the files of /proc that are read just now.
func descriptorsOf(t testing.TB, pid int) (n int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(dir + e.Name()); err == nil && !strings.HasPrefix(to, "/proc/") {
			n++
		}
	}
	return n
}

// hasChildren tells whether there is any child, dead or alive.
func hasChildren() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err != syscall.ECHILD
}
