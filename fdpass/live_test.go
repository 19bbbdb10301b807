//go:build linux

package fdpass

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestBacklogReadBack(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp6://[::1]:0", "unix://" + unixPath(t), "unixpacket://@fdpass-backlog"} {
		sp := spec(address)
		sp.Backlog = 3
		s := mustOpen(t, sp)
		if st := state(t, s); st.Backlog != 3 || st.Queue != 0 {
			t.Errorf("%s: %+v", address, st)
		}
		dial(t, s)
		dial(t, s)
		if st := state(t, s); st.Queue != 2 {
			t.Errorf("%s: %+v", address, st)
		}
		sp.Backlog = 0
		if st := state(t, mustOpen(t, with(strings.Replace(address, "backlog", "max", 1), func(s *Spec) { s.Address.Path = next(s.Address.Path) }))); st.Backlog != SystemMaxBacklog() {
			t.Errorf("%s: %+v, expected %d", address, st, SystemMaxBacklog())
		}
	}
	for _, address := range []string{"udp://:0", "unixgram://@fdpass-none", "fifo://" + unixPath(t), "vsock://:0"} {
		if st := state(t, mustOpen(t, spec(address))); st.Backlog != -1 || st.Queue != -1 || !st.Listening {
			t.Errorf("%s: %+v", address, st)
		}
	}
}

func next(path string) string {
	if path == "" {
		return ""
	}
	return path + "2"
}

// The queue takes one more than the backlog; a further connect waits for its SYN to be sent again.
func TestBacklogAdmitsOneMore(t *testing.T) {
	sp := spec("unix://" + unixPath(t))
	sp.Backlog = 2
	s := mustOpen(t, sp)
	for range 3 {
		dial(t, s)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: sp.Address.Path}); err != unix.EAGAIN {
		t.Errorf("got %v", err)
	}
}

func TestBacklogCutIsAWarning(t *testing.T) {
	limit := SystemMaxBacklog()
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://@fdpass-cut"} {
		sp := spec(address)
		sp.Backlog = limit + 1
		s := mustOpen(t, sp)
		want := fmt.Sprintf(`listener "web": the backlog of %d is cut to %d by net.core.somaxconn (raise it: sysctl -w net.core.somaxconn=%d)`, limit+1, limit, limit+1)
		if got := s.Warnings(); !slices.Equal(got, []string{want}) {
			t.Errorf("got %q", got)
		}
		sp.Backlog = 8
		if err := s.Reconfigure(sp); err != nil || len(s.Warnings()) > 0 || state(t, s).Backlog != 8 {
			t.Errorf("%v %q %+v", err, s.Warnings(), state(t, s))
		}
	}
}

func TestProcBacklogOfTheNamespace(t *testing.T) {
	a := inChild(t, task{Sysctl: map[string]string{"net/core/somaxconn": "17"},
		Specs: []Spec{with("tcp://127.0.0.1:0", func(s *Spec) { s.Backlog = 18 })}})
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "is cut to 17") {
		t.Errorf("%+v", a)
	}
}

func TestProcRelistenAfterAnothersListen(t *testing.T) {
	for _, address := range []string{"tcp://:0", "unix://" + unixPath(t), "unixpacket://@fdpass-relisten"} {
		sp := spec(address)
		sp.Backlog = 50
		s := mustOpen(t, sp)
		if out := run(t, "listen 2", s); out != "" {
			t.Fatal(out)
		}
		if st := state(t, s); st.Backlog != 2 {
			t.Fatalf("%s: %+v", address, st)
		}
		if err := s.Relisten(); err != nil || state(t, s).Backlog != 50 {
			t.Errorf("%s: %v %+v", address, err, state(t, s))
		}
	}
}

// What Socket.Relisten's doc says of this kernel.
func TestProcRelistenRevivesTCP(t *testing.T) {
	multipath := func(o *Options) { o.Multipath = true }
	for _, sp := range []Spec{spec("tcp://:0"), spec("tcp4://127.0.0.1:0"), spec("tcp6://[::1]:0"),
		spec(fmt.Sprint("tcp://127.0.0.1:", reserve(t, "tcp://127.0.0.1:0"))), option1("tcp://127.0.0.1:0", multipath)} {
		s := mustOpen(t, sp)
		before := s.Address()
		if out := run(t, "shutdown", s); out != "" {
			t.Fatal(out)
		}
		if st := state(t, s); st.Listening {
			t.Errorf("%+v", st)
		}
		if err := s.Relisten(); err != nil {
			t.Errorf("%s multipath=%t: %v", before, sp.Options.Multipath, err)
			continue
		}
		dial(t, s)
		accept(t, s)
		if now, err := addressOf(s.d.fd, "tcp"); err != nil || now.Port != before.Port || !state(t, s).Listening {
			t.Errorf("was %s, is %s, %v", before, now, err)
		}
	}
}

// A port that the kernel chose at bind(2) is lost; Reopen gets it back if it is still free.
func TestRelistenTellsOfALostPort(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	listenAtAnyPort(t, fd)
	s, err := Restore(spec("tcp://127.0.0.1:0"), NewDescriptor(fd))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := s.Address()
	if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if err := s.Relisten(); !errors.Is(err, ErrNeedsReopen) || !strings.Contains(err.Error(), "it came back as") {
		t.Fatalf("got %v", err)
	}
	if err := s.Reopen(); err != nil || s.Address() != before {
		t.Fatalf("%v: %s, was %s", err, s.Address(), before)
	}
	dial(t, s)
}

func TestProcReopenAfterShutdown(t *testing.T) {
	for _, address := range []string{"unix://" + unixPath(t), "unixpacket://" + unixPath(t), "unixgram://" + unixPath(t), "udp://127.0.0.1:0", "udp://:0"} {
		s := mustOpen(t, with(address, func(s *Spec) { s.Mode = 0o600; s.Options.ReceiveBuffer = 9000 }))
		old := s.Descriptor()
		worker := start(t, "hold", s)
		worker.line(t, "holding")
		_ = run(t, "shutdown", s) // UDP answers ENOTCONN and shuts down all the same
		if st := state(t, s); st.Listening {
			t.Fatalf("%s: %+v", address, st)
		}
		if s.Address().listens() {
			if err := s.Relisten(); !errors.Is(err, ErrNeedsReopen) {
				t.Errorf("%s: got %v", address, err)
			}
		}
		if err := s.Reopen(); err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if st := state(t, s); !st.Listening || s.Descriptor() == old {
			t.Errorf("%s: %+v", address, st)
		}
		reaches(t, s)
		if s.Address().hasFile() {
			checkNames(t, s)
		}
	}
}

// reaches sends something through the address to the socket.
func reaches(t *testing.T, s *Socket) {
	t.Helper()
	c := dial(t, s)
	if s.Address().listens() {
		accept(t, s)
		return
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 9)
	err := s.Descriptor().Use(func(fd int) error {
		n, _, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		if string(buf[:max(n, 0)]) != "hello" {
			t.Errorf("got %q", buf)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkNames: the path and the hidden name are there, and nothing else.
func checkNames(t *testing.T, s *Socket) {
	t.Helper()
	path := s.Address().Path
	var names []string
	all, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range all {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"." + filepath.Base(path) + ".supervise", filepath.Base(path)}) {
		t.Errorf("the folder has %q", names)
	}
	if !s.file.ours(path) || !s.file.ours(asideOf(path)) {
		t.Error("the names are not ours")
	}
}

func TestReopenFailureChangesNothing(t *testing.T) {
	s := mustOpen(t, spec("unix://"+unixPath(t)))
	s.spec.Options.NoDelay = ptr(true) // makes the new one fail
	if err := s.Reopen(); err == nil {
		t.Fatal("reopened")
	}
	reaches(t, s)
	checkNames(t, s)
	tcp := mustOpen(t, spec("tcp://127.0.0.1:0"))
	if err := tcp.Reopen(); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	reaches(t, tcp)
	tcp.Close()
	if err := tcp.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestRelistenNeedsAListener(t *testing.T) {
	for _, address := range []string{"udp://:0", "unixgram://@fdpass-dgram"} {
		if err := mustOpen(t, spec(address)).Relisten(); !errors.Is(err, unix.EOPNOTSUPP) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestRestorePath(t *testing.T) {
	for _, network := range []string{"unix", "unixgram", "unixpacket", "fifo"} {
		s := mustOpen(t, with(network+"://"+unixPath(t), func(s *Spec) { s.Mode = 0o640 }))
		path := s.Address().Path
		if again, err := s.RestorePath(); again || err != nil {
			t.Errorf("%s: %t %v", network, again, err)
		}
		for name, harm := range map[string]func() error{
			"unlinked": func() error { return os.Remove(path) },
			"renamed":  func() error { return errors.Join(os.Rename(path, path+"x"), os.Remove(path+"x")) },
			"dead one": func() error { return errors.Join(os.Remove(path), deadSocket(path)) },
		} {
			if err := harm(); err != nil {
				t.Fatal(err)
			}
			if again, err := s.RestorePath(); !again || err != nil {
				t.Errorf("%s %s: %t %v", network, name, again, err)
			}
			checkNames(t, s)
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o640 {
			t.Errorf("%s: %v %v", network, fi, err)
		}
		if network != "fifo" {
			reaches(t, s)
		}
	}
}

func deadSocket(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}

func TestRestorePathLeavesOthersAlone(t *testing.T) {
	s := mustOpen(t, spec("unix://"+unixPath(t)))
	path := s.Address().Path
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.RestorePath(); again || !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("%t %v", again, err)
	}
	l.Close()
	if err := errors.Join(os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if again, err := s.RestorePath(); again || !errors.Is(err, errNoSocket) {
		t.Errorf("%t %v", again, err)
	}
	if err := errors.Join(os.Remove(path), os.Remove(asideOf(path))); err != nil {
		t.Fatal(err)
	}
	if again, err := s.RestorePath(); again || err == nil {
		t.Errorf("%t %v", again, err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	checkNames(t, s)
}

func TestPause(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "tcp://:0"} {
		s := mustOpen(t, spec(address))
		established := dial(t, s)
		conn := accept(t, s)
		dial(t, s) // waits in the queue
		if mayNotPause(t, s) {
			return
		}
		if err := s.Pause(); err != nil || !s.Paused() {
			t.Fatal(err, s.Paused())
		}
		late := make(chan error, 1)
		network, to := dialable(s.Address())
		go func() {
			c, err := net.DialTimeout(network, to, time.Minute)
			if err == nil {
				c.Close()
			}
			late <- err
		}()
		if _, err := established.Write([]byte("on")); err != nil {
			t.Error(err)
		}
		if n, err := unix.Read(conn, make([]byte, 9)); n != 2 || err != nil {
			t.Errorf("an established connection: %d %v", n, err)
		}
		queued := accept(t, s)
		waitForSYN(t, uint16(s.Address().Port))
		if st := state(t, s); st.Queue != 0 {
			t.Errorf("while paused: %+v", st)
		}
		if err := s.Resume(); err != nil || s.Paused() {
			t.Fatal(err, s.Paused())
		}
		if err := <-late; err != nil {
			t.Errorf("who came while paused: %v", err)
		}
		for _, fd := range []int{queued, accept(t, s)} {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0); err != unix.ENOENT {
				t.Errorf("an accepted connection has a filter: %v", err)
			}
		}
	}
}

// mayNotPause tests the refusal where the kernel asks for a capability that we do not have.
func mayNotPause(t *testing.T, s *Socket) bool {
	t.Helper()
	err := s.Pause()
	if os.Getuid() == 0 || err == nil {
		if err := errors.Join(err, s.Resume()); err != nil {
			t.Fatal(err)
		}
		return false
	}
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "CAP_NET_ADMIN") || s.Paused() {
		t.Errorf("got %v", err)
	}
	return true
}

// waitForSYN waits until a client has sent its SYN to the port. Only sock_diag shows that state, so it must be asked
// again and again.
func waitForSYN(t *testing.T, port uint16) {
	t.Helper()
	const synSent = 2
	for t.Context().Err() == nil {
		for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
			list, err := diag(inetRequest(family, unix.IPPROTO_TCP, 0), unix.NLM_F_DUMP)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(list, func(m diagMessage) bool { return m.state == synSent }) {
				return
			}
		}
	}
}

func TestPauseIsForTCP(t *testing.T) {
	for _, sp := range []Spec{spec("udp://:0"), spec("unix://@fdpass-pause"), option1("tcp://:0", func(o *Options) { o.Multipath = true })} {
		s := mustOpen(t, sp)
		for _, f := range []func() error{s.Pause, s.Resume} {
			if err := f(); !errors.Is(err, unix.EOPNOTSUPP) || s.Paused() {
				t.Errorf("got %v", err)
			}
		}
	}
	s := mustOpen(t, spec("tcp://:0"))
	if mayNotPause(t, s) {
		return
	}
	if err := errors.Join(s.Resume(), s.Pause(), s.Pause(), s.Resume()); err != nil {
		t.Error(err)
	}
}

func TestSetNonblocking(t *testing.T) {
	s := mustOpen(t, spec("tcp://:0"))
	for _, on := range []bool{true, false} {
		if err := s.SetNonblocking(on); err != nil || state(t, s).Nonblocking != on {
			t.Errorf("%v %+v", err, state(t, s))
		}
	}
}

// DESIGN fact 1: a Go worker shares O_NONBLOCK with us. Nothing that we do to the socket may clear it.
func TestProcWorkerClosesWhileAccepting(t *testing.T) {
	for _, address := range []string{"tcp://127.0.0.1:0", "unix://" + unixPath(t)} {
		s := mustOpen(t, spec(address))
		worker := start(t, "accept", s)
		worker.line(t, "accepting")
		if !state(t, s).Nonblocking {
			t.Fatal("a Go worker makes it non-blocking")
		}
		useEverything(t, s)
		if !state(t, s).Nonblocking {
			t.Error("we cleared O_NONBLOCK")
		}
		buf := make([]byte, 5)
		if n, _ := dial(t, s).Read(buf); string(buf[:n]) != "hello" {
			t.Errorf("the worker said %q", buf[:n])
		}
		if out := worker.finish(); out != "closed\n" {
			t.Errorf("the worker said %q", out)
		}
	}
}

// useEverything calls what shares the description: duplicates, sending, starting another process, and all on Socket.
func useEverything(t *testing.T, s *Socket) {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	a, b := socketPair(t, unix.SOCK_STREAM)
	if err := Send(a, []Named{{"web", d}}); err != nil {
		t.Fatal(err)
	}
	list, err := Receive(b)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(list)
	other := start(t, "hold", s)
	other.line(t, "holding")
	other.finish()
	sp := s.Spec()
	sp.Backlog = 33
	if err := errors.Join(s.Reconfigure(sp), s.Relisten(), d.Close()); err != nil {
		t.Fatal(err)
	}
}
