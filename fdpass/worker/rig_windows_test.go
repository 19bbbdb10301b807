package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// childMode names the function that the test binary runs instead of the tests.
const childMode = "WORKER_TEST_CHILD"

func TestMain(m *testing.M) {
	children := map[string]func(in *bufio.Scanner) error{
		"serve": childServe, "take": childTake, "broken": childBroken, "stop": childStop, "bare": childBare, "accept": childAccept,
		"environment": childEnvironment, "ready": childReady,
	}
	child, ok := children[os.Getenv(childMode)]
	if !ok {
		os.Exit(m.Run())
	}
	os.Unsetenv(childMode)
	if err := child(bufio.NewScanner(os.Stdin)); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
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

// startChild starts the test binary in a mode with further variables; exactly the handles are inherited.
func startChild(t *testing.T, mode string, env []string, inherited ...uintptr) *proc {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), "NOTIFY_SOCKET=", childMode+"="+mode, "GORACE=atexit_sleep_ms=0"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	for _, h := range inherited {
		if err := windows.SetHandleInformation(windows.Handle(h), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr.AdditionalInheritedHandles = append(cmd.SysProcAttr.AdditionalInheritedHandles, syscall.Handle(h))
	}
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

// open opens a socket of the supervisor's, which no port of completion knows.
func open(t testing.TB, network, host string) *fdpass.Socket {
	t.Helper()
	s, err := fdpass.Open(fdpass.Spec{Name: "web", Address: fdpass.Address{Network: network, Host: host}, UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// at is where to dial a socket.
func at(s *fdpass.Socket) string {
	a := s.Address()
	return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port)))
}

// listen makes one of the worker's listeners of a socket.
func listen(t testing.TB, s *fdpass.Socket) *listener {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newListener(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// inheriting are the variables by which a worker inherits sockets.
func inheriting(names string, list ...*fdpass.Socket) (env []string, handles []uintptr) {
	var values []string
	for _, s := range list {
		h := s.Descriptor().Handle()
		values, handles = append(values, strconv.FormatUint(uint64(h), 10)), append(handles, h)
	}
	return []string{"LISTEN_HANDLES=" + strings.Join(values, ":"), "LISTEN_FDNAMES=" + names}, handles
}

// fetching are the variables by which a worker fetches sockets; they are served until the test ends.
func fetching(t *testing.T, names string, list ...*fdpass.Socket) []string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if err := wire.ServeSystemfd(t.Context(), c, "s3cret", store{list: list}, fdpass.Export); err != nil && !errors.Is(err, wire.ErrDenied) {
				t.Error(err)
			}
		}
	}()
	return []string{"SYSTEMFD_SOCKET_SERVER=" + l.Addr().String(), "SYSTEMFD_SOCKET_SECRET=s3cret", "LISTEN_FDNAMES=" + names}
}

// store gives sockets.
type store struct {
	wire.Store
	list []*fdpass.Socket
}

func (s store) List() (list []fdpass.Named, err error) {
	for _, socket := range s.list {
		d, err := socket.Descriptor().Dup()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: socket.Name(), Descriptor: d})
	}
	return list, nil
}

// highest gives the place of the highest handle in use, or above it: a fresh one is put at a free place if there is any, and what leaks takes
// places. A value is 4 times the place. Wine has no GetProcessHandleCount.
func highest(t testing.TB) (top int) {
	t.Helper()
	for range 64 {
		event, err := windows.CreateEvent(nil, 1, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer windows.CloseHandle(event)
		top = max(top, int(event)/4)
	}
	return top
}

// threads counts the threads of this process.
func threads(t testing.TB) (n int) {
	t.Helper()
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(all)
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(all, &entry); err == nil; err = windows.Thread32Next(all, &entry) {
		if entry.OwnerProcessID == windows.GetCurrentProcessId() {
			n++
		}
	}
	return n
}

// underWine skips what Wine cannot show; on Windows itself the test runs.
func underWine(t *testing.T, why string) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("under Wine: " + why)
	}
}
