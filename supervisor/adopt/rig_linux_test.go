package adopt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// patience is far longer than anything here takes: it turns a hang into a failure.
const patience = 60 * time.Second

// rig is the listeners of one worker, as its manager has them.
type rig struct {
	t       *testing.T
	sockets *sockets
	names   []Listener
	events  chan Event
}

// sockets is a Sockets without steering: what is not shared is a group of the members alone.
type sockets struct {
	mu      sync.Mutex
	members [][]*fdpass.Socket
	models  []*fdpass.Socket
	sharing []string
	refuse  error // of CanJoin
	fail    error // of Join
	hold    func(i int, member *fdpass.Socket)
}

func (s *sockets) Model(i int) *fdpass.Socket { return s.models[i] }

func (s *sockets) Open(i int) (*fdpass.Socket, error) {
	if s.sharing[i] == "all" {
		return s.models[i], nil
	}
	if list := s.Members(i); len(list) > 0 {
		return list[0], nil
	}
	socket, err := fdpass.Open(withAddress(s.models[i]))
	if err == nil {
		s.add(i, socket)
	}
	return socket, err
}

func withAddress(model *fdpass.Socket) fdpass.Spec {
	spec := model.Spec()
	spec.Address = model.Address()
	return spec
}

func (s *sockets) add(i int, socket *fdpass.Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[i] = append(s.members[i], socket)
	if s.hold != nil {
		s.hold(i, socket)
	}
}

func (s *sockets) CanJoin(i int) error { return s.refuse }

func (s *sockets) Join(i int, d *fdpass.Descriptor) error {
	if s.fail != nil {
		return s.fail
	}
	for _, m := range s.Members(i) {
		if fdpass.SameDescription(m.Descriptor(), d) {
			return nil
		}
	}
	if err := d.Use(func(fd int) error { return unix.Listen(fd, s.models[i].Spec().Backlog) }); err != nil {
		return err
	}
	dup, err := d.Dup()
	if err != nil {
		return err
	}
	socket, err := fdpass.Restore(withAddress(s.models[i]), dup)
	if err == nil {
		s.add(i, socket)
	}
	return err
}

func (s *sockets) Members(i int) []*fdpass.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*fdpass.Socket(nil), s.members[i]...)
}

// newRig opens a listener for each address, called a, b, c ...
func newRig(t *testing.T, sharing string, addresses ...fdpass.Address) *rig {
	t.Helper()
	r := &rig{t: t, sockets: &sockets{members: make([][]*fdpass.Socket, len(addresses))}, events: make(chan Event, 1000)}
	for i, a := range addresses {
		name := string(rune('a' + i))
		r.names = append(r.names, Listener{name, sharing})
		r.sockets.sharing = append(r.sockets.sharing, sharing)
		r.sockets.models = append(r.sockets.models, openModel(t, name, sharing, a))
	}
	t.Cleanup(func() {
		for i := range addresses {
			for _, m := range r.sockets.Members(i) {
				_ = m.Close()
			}
		}
	})
	return r
}

// openModel makes one that is only looked at stop listening: it must not get connections.
func openModel(t testing.TB, name, sharing string, a fdpass.Address) *fdpass.Socket {
	t.Helper()
	reuse := sharing != "all"
	spec := fdpass.Spec{Name: name, Address: a, Backlog: 77, UID: -1, GID: -1}
	if reuse {
		spec.Options.ReusePort = &reuse
	}
	model, err := fdpass.Open(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	if !reuse {
		return model
	}
	err = model.Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) })
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func tcp4() fdpass.Address { return fdpass.Address{Network: "tcp4", Host: "127.0.0.1"} }

// at gives HOST:PORT of a listener.
func (r *rig) at(i int) string {
	a := r.sockets.models[i].Address()
	return net.JoinHostPort(a.Host, fmt.Sprint(a.Port))
}

func (r *rig) port(i int) string { return fmt.Sprint(r.sockets.models[i].Address().Port) }

// actorProcess is one that runs under the filter.
type actorProcess struct {
	*exec.Cmd
	t      *testing.T
	in     io.WriteCloser
	out    *bufio.Reader
	notify *fdpass.Descriptor
	page   *fdpass.Descriptor
	served chan error
	stop   context.CancelFunc
	pids   chan int // of those that asked, which may have left the process group
}

// file gives a file of a descriptor's duplicate, for exec.Cmd. It is closed with the test.
func file(t testing.TB, d *fdpass.Descriptor) *os.File {
	t.Helper()
	var f *os.File
	err := d.Use(func(fd int) error {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		f = os.NewFile(uintptr(n), "d")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func closeAtEnd(t testing.TB, list ...*fdpass.Descriptor) {
	t.Cleanup(func() {
		for _, d := range list {
			_ = d.Close()
		}
	})
}

// launch starts a program under the filter and receives its descriptor; nobody serves it.
func (r *rig) launch(args ...string) *actorProcess {
	r.t.Helper()
	ours, theirs, err := Pair()
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := NewPage()
	if err != nil {
		r.t.Fatal(err)
	}
	closeAtEnd(r.t, ours, page)
	p := &actorProcess{Cmd: exec.Command(os.Args[0], args...), t: r.t, page: page, pids: make(chan int, 1000)}
	part := "stage"
	if strings.HasPrefix(r.sockets.models[0].Address().Network, "unix") {
		part = "stage paths"
	}
	p.Env = append(os.Environ(), "ADOPT_CHILD="+part, quickExit)
	p.ExtraFiles = []*os.File{file(r.t, theirs)}
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.run()
	_, _ = theirs.Close(), p.ExtraFiles[0].Close()
	p.notify, err = Receive(r.t.Context(), ours, func(*fdpass.Descriptor) error { return nil })
	if err != nil {
		r.t.Fatalf("%v: %s", err, p.rest())
	}
	closeAtEnd(r.t, p.notify)
	return p
}

func (p *actorProcess) run() {
	p.t.Helper()
	var err error
	if p.in, err = p.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.out, p.Stderr = bufio.NewReader(out), p.Stdout
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.kill)
}

func (p *actorProcess) kill() {
	_ = unix.Kill(-p.Process.Pid, unix.SIGKILL)
	for len(p.pids) > 0 {
		_ = unix.Kill(<-p.pids, unix.SIGKILL)
	}
	_ = p.Wait()
}

// rest is what the program still says before it ends.
func (p *actorProcess) rest() string {
	b, _ := io.ReadAll(p.out)
	return string(b)
}

// line waits for one line of the program.
func (p *actorProcess) line(want string) {
	p.t.Helper()
	got, err := p.out.ReadString('\n')
	if strings.TrimSpace(got) != want {
		p.t.Fatalf("the program says %q, %v, not %q", got, err, want)
	}
}

// start launches a program and serves it until the test ends.
func (r *rig) start(args ...string) *actorProcess {
	r.t.Helper()
	p := r.launch(args...)
	r.serve(p)
	return p
}

func (r *rig) serve(p *actorProcess) {
	ctx, cancel := context.WithCancel(r.t.Context())
	p.stop, p.served = cancel, make(chan error, 1)
	go func() { p.served <- Serve(ctx, r.options(p)) }()
}

func (r *rig) options(p *actorProcess) Options {
	return Options{
		Notify: p.notify, Page: p.page, Listeners: r.names, Sockets: r.sockets,
		Members: func() []int {
			return processes(func(pid int) bool { group, err := unix.Getpgid(pid); return err == nil && group == p.Process.Pid })
		},
		Report: func(e Event) {
			p.pids <- e.PID
			r.events <- e
		},
	}
}

// processes gives those of the machine that match.
func processes(match func(pid int) bool) (list []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && match(pid) {
			list = append(list, pid)
		}
	}
	return list
}

// expect waits for an event of the kind, and returns it; others are passed over.
func (r *rig) expect(p *actorProcess, kind Kind) Event {
	r.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case e := <-r.events:
			if e.Kind == kind {
				return e
			}
			r.t.Logf("%s %+v", e.Kind, e)
		case err := <-p.served:
			p.served <- err
			if len(r.events) > 0 {
				continue
			}
			r.t.Fatalf("no event %q; Serve returned %v; the program says: %s", kind, err, p.rest())
		case <-limit:
			r.t.Fatalf("no event %q", kind)
		}
	}
}

// ask connects to a listener and reads the line of an actor.
func (r *rig) ask(i int) string {
	r.t.Helper()
	a := r.sockets.models[i].Address()
	network, where := "tcp", r.at(i)
	if a.Path != "" {
		network, where = "unix", a.Path
	}
	c, err := net.DialTimeout(network, where, patience)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	b, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, unix.ECONNRESET) || len(b) == 0 {
		r.t.Fatalf("got %q, %v", b, err)
	}
	return strings.TrimSpace(string(b))
}

// actor compiles testdata/actor.c.
func actor(t testing.TB, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		missing(t, "gcc is not installed")
	}
	path := filepath.Join(t.TempDir(), "actor")
	args := append([]string{"-O1", "-o", path, "testdata/actor.c", "-pthread"}, flags...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("gcc %q: %v: %s", flags, err, out))
	}
	return path
}

// missing skips a test for want of something, where that is allowed.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// backlog is the limit of the queue of the listener's last member.
func (r *rig) backlog(i int) int {
	r.t.Helper()
	socket := r.sockets.models[i]
	if list := r.sockets.Members(i); len(list) > 0 {
		socket = list[len(list)-1]
	}
	state, err := socket.State()
	if err != nil || !state.Listening {
		r.t.Fatalf("%+v, %v", state, err)
	}
	return state.Backlog
}
