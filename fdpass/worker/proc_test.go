//go:build linux

package worker

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// childMode names the function that the test binary runs instead of the tests.
const childMode = "WORKER_TEST_CHILD"

func TestMain(m *testing.M) {
	children := map[string]func(in *bufio.Scanner) error{
		"take": childTake, "twice": childTwice, "bare": childBare, "descriptors": childDescriptors,
		"nameless": childNameless, "broken": childBroken, "accept": childAccept, "duplicates": childDuplicates,
	}
	child, ok := children[os.Getenv(childMode)]
	if !ok {
		os.Exit(m.Run())
	}
	switch os.Getenv("LISTEN_PID") {
	case "": // The stage's part: no one else can know this pid.
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	case "omit":
		os.Unsetenv("LISTEN_PID")
	}
	if err := child(bufio.NewScanner(os.Stdin)); err != nil {
		fmt.Println("error:", err)
	}
	os.Exit(0)
}

// proc is a child of a test.
type proc struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startChild starts the test binary in a mode; its descriptors from 3 on are the files.
func startChild(t *testing.T, mode string, names []string, files ...*os.File) *proc {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{childMode + "=" + mode, "GORACE=atexit_sleep_ms=0"}
	if len(files) > 0 {
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+strconv.Itoa(len(files)), "EINHORN_FD_COUNT="+strconv.Itoa(len(files)))
	}
	if names != nil {
		cmd.Env = append(cmd.Env, "LISTEN_FDNAMES="+strings.Join(names, ":"))
	}
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &proc{t: t, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	t.Cleanup(func() { p.in.Close(); p.cmd.Wait() })
	return p
}

// line returns the child's next line of output.
func (p *proc) line() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("the child ended: %v", p.out.Err())
	}
	return p.out.Text()
}

// rest returns all lines up to the child's end.
func (p *proc) rest() string {
	var lines []string
	for p.out.Scan() {
		lines = append(lines, p.out.Text())
	}
	return strings.Join(lines, "\n")
}

func (p *proc) tell(line string) { fmt.Fprintln(p.in, line) }

// sockets opens one of each kind that package net can open, and a pipe.
func sockets(t *testing.T) (path string, files []*os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.sock")
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []any{tcp, admin, udp} {
		f, err := c.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		t.Cleanup(func() { c.(io.Closer).Close(); f.Close() })
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return path, append(files, r)
}

// childTake takes everything, and lists what a grandchild gets to see.
func childTake(*bufio.Scanner) error {
	all, err := Listeners()
	if err != nil {
		return err
	}
	for _, name := range []string{"admin", "web"} {
		fmt.Println(name, all[name].Addr().Network(), all[name].Close())
	}
	c, err := PacketConn("dns")
	if err != nil {
		return err
	}
	f, err := File("in")
	if err != nil {
		return err
	}
	fmt.Println(len(all), c.LocalAddr().Network(), f.Name())
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "LISTEN_") || strings.HasPrefix(kv, "EINHORN_") {
			fmt.Println("left in the environment:", kv)
		}
	}
	grandchild := exec.Command("/proc/self/exe")
	grandchild.Env = append(os.Environ(), childMode+"=descriptors")
	out, err := grandchild.Output()
	fmt.Print(string(out))
	return err
}

// childDescriptors lists its sockets and pipes above the standard streams.
func childDescriptors(*bufio.Scanner) error {
	found := 0
	for fd := 3; fd < 64; fd++ {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err == nil && (strings.HasPrefix(target, "socket:") || strings.HasPrefix(target, "pipe:")) {
			found++
		}
	}
	fmt.Println("grandchild has", found)
	return nil
}

func TestProcTake(t *testing.T) {
	path, files := sockets(t)
	p := startChild(t, "take", []string{"web", "admin", "dns", "in"}, files...)
	want := "admin unix <nil>\nweb tcp <nil>\n2 udp in\ngrandchild has 0"
	if diff := cmp.Diff(want, p.rest()); diff != "" {
		t.Errorf("child (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the worker unlinked the path of a socket that it did not bind: %v", err)
	}
}

// childTwice takes what is not there, is gone, or is of another kind.
func childTwice(*bufio.Scanner) error {
	take := func(what string, _ any, err error) { fmt.Println(what, err) }
	l, err := Listener("web")
	take("first:", l, err)
	l, err = Listener("web")
	take("second:", l, err)
	l, err = Listen("wbe", "tcp", "127.0.0.1:0")
	take("misspelt:", l, err)
	l, err = Listener("dns")
	take("udp:", l, err)
	c, err := PacketConn("admin")
	take("unix:", c, err)
	f, err := File("in")
	take("pipe:", f, err)
	f, err = File("in")
	take("none left:", f, err)
	return nil
}

func TestProcTakeErrors(t *testing.T) {
	_, files := sockets(t)
	p := startChild(t, "twice", []string{"web", "admin", "dns", "in"}, files...)
	want := []string{
		`first: <nil>`,
		`second: cannot find listener "web": not among those left to take (admin, dns, in)`,
		`misspelt: cannot find listener "wbe": not among those left to take (admin, dns, in)`,
		`udp: cannot listen on descriptor "dns": not a stream socket of a kind that package net knows (use worker.PacketConn or worker.File)`,
		`unix: cannot receive from descriptor "admin": not a datagram socket (use worker.Listener or worker.File)`,
		`pipe: <nil>`,
		`none left: cannot find listener "in": not among those left to take (none)`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), p.rest()); diff != "" {
		t.Errorf("child (-want +got):\n%s", diff)
	}
}

// childBare runs without any supervisor.
func childBare(*bufio.Scanner) error {
	all, err := Listeners()
	fmt.Println(all == nil, err)
	_, err = Listener("web")
	fmt.Println(err)
	l, err := Listen("web", "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().Network(), l.Close(), Ready())
	return nil
}

func TestProcBare(t *testing.T) {
	want := "true <nil>\n" +
		`cannot find listener "web": this process was given none, LISTEN_FDS is not set for it (start it by supervise, or use worker.Listen)` +
		"\ntcp <nil> <nil>"
	if diff := cmp.Diff(want, startChild(t, "bare", nil).rest()); diff != "" {
		t.Errorf("child (-want +got):\n%s", diff)
	}
}

func childNameless(*bufio.Scanner) error {
	l, err := Listener("web")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().Network())
	return nil
}

// TestProcNameless is what systemd-socket-activate gives when it is not told names.
func TestProcNameless(t *testing.T) {
	_, files := sockets(t)
	if got := startChild(t, "nameless", nil, files[0]).rest(); got != "tcp" {
		t.Errorf("one nameless listener: %q", got)
	}
	want := `error: cannot find listener "web": not among those left to take (unknown, unknown)`
	if got := startChild(t, "nameless", nil, files[0], files[1]).rest(); got != want {
		t.Errorf("two nameless listeners: %q, want %q", got, want)
	}
}

func childDuplicates(*bufio.Scanner) error {
	_, err := Listeners()
	return err
}

func TestProcDuplicates(t *testing.T) {
	_, files := sockets(t)
	want := `error: cannot list listeners by name: two are named "web" (take them by worker.Listener, one after the other)`
	if got := startChild(t, "duplicates", []string{"web", "web"}, files[0], files[1]).rest(); got != want {
		t.Errorf("child: %q, want %q", got, want)
	}
}

// childBroken was promised more descriptors than it has.
func childBroken(*bufio.Scanner) error {
	os.Setenv("LISTEN_FDS", "60")
	_, err := Listeners()
	_, again := Listener("web")
	fmt.Println(err != nil && strings.Contains(err.Error(), "which the environment promises: bad file descriptor"), err == again)
	return nil
}

func TestProcBroken(t *testing.T) {
	_, files := sockets(t)
	if got := startChild(t, "broken", nil, files[0]).rest(); got != "true true" {
		t.Errorf("child: %q", got)
	}
}

// childAccept blocks in Accept, and closes the listener when told.
func childAccept(in *bufio.Scanner) error {
	l, err := Listener("web")
	if err != nil {
		return err
	}
	accepting, done := make(chan bool), make(chan error)
	go func() {
		accepting <- true
		for {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			c.Close()
		}
	}()
	<-accepting
	fmt.Println("accepting")
	in.Scan()
	fmt.Println("closed", l.Close())
	<-done
	fmt.Println("accept returned")
	return nil
}

// TestProcClose is about the flag O_NONBLOCK, which all processes share that hold the socket. If any of them
// clears it, a Close in another hangs until the next connection comes.
func TestProcClose(t *testing.T) {
	fd, address := rawListener(t)
	// As fdpass would, without Fd(): exec duplicates this one for the children.
	file := os.NewFile(uintptr(fd), "web")
	defer file.Close()
	first := startChild(t, "accept", []string{"web"}, file)
	if got := first.line(); got != "accepting" {
		t.Fatal(got)
	}
	dial(t, address) // the first is surely past its preparations, and goes back to Accept
	second := startChild(t, "accept", []string{"web"}, file)
	if got := second.line(); got != "accepting" {
		t.Fatal(got)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("flags %#x, %v: O_NONBLOCK was cleared", flags, err)
	}
	for _, p := range slices.Backward([]*proc{first, second}) {
		p.tell("close")
		if got := p.rest(); got != "closed <nil>\naccept returned" {
			t.Errorf("child: %q", got)
		}
	}
}

func rawListener(t *testing.T) (fd int, address string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

func dial(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, c) // until the worker closes it
	c.Close()
}
