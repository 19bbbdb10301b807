//go:build linux

package fdpass

import (
	"encoding/json"
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

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be its own worker: with FDPASS_CHILD set it plays that part and no test runs.
func TestMain(m *testing.M) {
	if part := os.Getenv("FDPASS_CHILD"); part != "" {
		os.Exit(play(part))
	}
	os.Exit(m.Run())
}

// play runs one part. Descriptor 3 is the socket, the standard output tells what happened.
func play(part string) int {
	word, arg, _ := strings.Cut(part, " ")
	parts := map[string]func(arg string) error{
		"shutdown": func(string) error { return unix.Shutdown(3, unix.SHUT_RDWR) },
		"listen":   childListen,
		"unlink":   os.Remove,
		"hold":     childHold,
		"accept":   childAccept,
		"open":     childOpen,
		"given":    childGiven,
		"take":     childTake,
	}
	if err := parts[word](arg); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

func childListen(arg string) error {
	n, err := strconv.Atoi(arg)
	if err != nil {
		return err
	}
	return unix.Listen(3, n)
}

// childHold keeps what it was given open until its standard input ends.
func childHold(string) error {
	fmt.Println("holding")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// childAccept is a Go worker: it accepts in Go's poller, and closes while it waits. With O_NONBLOCK cleared by somebody,
// the Accept would sit in the kernel and Close would wait for it for ever.
func childAccept(string) error {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	done := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			fmt.Fprint(c, "hello")
			c.Close()
		}
	}()
	fmt.Println("accepting")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		return err
	}
	fmt.Println("closed")
	return nil
}

// child is a process that plays a part.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *os.File
}

// start runs a part with the socket as descriptor 3, if there is one.
func start(t *testing.T, part string, s *Socket) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), quickExit, "FDPASS_CHILD="+part)
	cmd.Stderr = os.Stderr
	if s != nil {
		d, err := s.Descriptor().Dup()
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(d.fd), "socket") // blocking: not in the poller, so Fd in exec changes nothing
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
	}
	c := &child{cmd: cmd}
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out, cmd.Stdout = r, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { c.finish(); c.out.Close() })
	return c
}

// line waits for the child to say what is expected.
func (c *child) line(t *testing.T, expected string) {
	t.Helper()
	buf := make([]byte, len(expected)+1)
	if _, err := io.ReadFull(c.out, buf); err != nil || string(buf) != expected+"\n" {
		rest, _ := io.ReadAll(c.out)
		t.Fatalf("child said %q%s (%v), expected %q", buf, rest, err, expected)
	}
}

// finish ends the child's input and waits for it.
func (c *child) finish() string {
	c.in.Close()
	out, _ := io.ReadAll(c.out)
	_ = c.cmd.Wait()
	return string(out)
}

// run plays a part to its end.
func run(t *testing.T, part string, s *Socket) string {
	t.Helper()
	return strings.TrimSpace(start(t, part, s).finish())
}

// task is what a child does to itself before it opens listeners, and what it opens.
type task struct {
	UID      int               // 0: stays root
	NoFile   uint64            // RLIMIT_NOFILE; 0 leaves it
	Sysctl   map[string]string // path below /proc/sys and value
	ReadOnly string            // folder that becomes a read-only file system
	Deny     *denial
	Specs    []Spec
	SameNet  bool // keeps our network
}

// denial makes the kernel answer a system call with an errno (seccomp(2)).
type denial struct {
	Call  int
	Arg   int // value of argument Which that it is for; -1 for every
	Which int
	Errno syscall.Errno
}

// answer is what a child tells of the last of its listeners.
type answer struct {
	Error    string
	Errno    syscall.Errno
	Address  string
	Warnings []string
}

// inChild runs a task in a process with its own network, mounts and, when we are not root, users.
func inChild(t *testing.T, job task) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS}
	if os.Getuid() != 0 && job.UID != 0 {
		job.SameNet, job.UID = true, 0 // we have no rights already
	}
	if job.SameNet {
		cmd.SysProcAttr.Cloneflags = 0
	}
	if os.Getuid() != 0 && !job.SameNet {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	arg, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), quickExit, "FDPASS_CHILD=open "+string(arg))
	out, err := cmd.Output()
	var a answer
	if err := errors.Join(err, json.Unmarshal(out, &a)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return a
}

func childOpen(arg string) error {
	var job task
	if err := json.Unmarshal([]byte(arg), &job); err != nil {
		return err
	}
	if err := job.prepare(); err != nil {
		return err
	}
	var a answer
	for _, spec := range job.Specs {
		s, err := Open(spec)
		if err != nil {
			a.Error = err.Error()
			errors.As(err, &a.Errno)
			break
		}
		a.Address, a.Warnings = s.Address().String(), s.Warnings()
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

func (job task) prepare() error {
	if job.ReadOnly != "" {
		if err := unix.Mount("none", job.ReadOnly, "tmpfs", unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
	}
	if !job.SameNet {
		if err := loopbackUp(); err != nil {
			return fmt.Errorf("lo: %w", err)
		}
	}
	for name, value := range job.Sysctl {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
			return err
		}
	}
	if job.UID != 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(job.UID), syscall.Setuid(job.UID)); err != nil {
			return fmt.Errorf("setuid: %w", err)
		}
	}
	if job.Deny != nil {
		if err := job.Deny.install(); err != nil {
			return fmt.Errorf("seccomp: %w", err)
		}
	}
	if job.NoFile != 0 {
		return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: job.NoFile, Max: job.NoFile})
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// install puts a filter on all threads: if the call's number and argument agree, the errno, else allow.
func (d denial) install() error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	code := []unix.SockFilter{{Code: load, K: 0}, {Code: equal, K: uint32(d.Call), Jf: 3}}
	if d.Arg >= 0 {
		code = append(code, unix.SockFilter{Code: load, K: uint32(16 + 8*d.Which)}, unix.SockFilter{Code: equal, K: uint32(d.Arg), Jf: 1})
	} else {
		code[1].Jf = 1
	}
	code = append(code, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(d.Errno)}, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
	return installFilter(code)
}
