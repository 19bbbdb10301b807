package registry

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// TestMain makes the test binary its own worker: with the variable set it does what is written to its input, a command
// a line, to the listener that it has as descriptor 3, and answers each with a line. With the other variable it is a
// manager that is killed.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		childMain()
		return
	}
	if os.Getenv(managerVariable) != "" {
		managerMain()
		return
	}
	if os.Getenv(steererVariable) != "" {
		steererMain()
		return
	}
	os.Exit(m.Run())
}

const (
	childVariable   = "REGISTRY_TEST_CHILD"
	managerVariable = "REGISTRY_TEST_MANAGER" // the folder for its sockets
	steererVariable = "REGISTRY_TEST_STEERER" // the kind of steering
)

func childMain() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(childDo(strings.Fields(in.Text())))
	}
}

func childDo(words []string) string {
	var err error
	switch words[0] {
	case "listen":
		err = unix.Listen(3, 5)
	case "shutdown":
		err = unix.Shutdown(3, unix.SHUT_RDWR)
	case "nonblock":
		err = unix.SetNonblock(3, true)
	case "block":
		err = unix.SetNonblock(3, false)
	case "unlink":
		err = os.Remove(words[1])
	case "accept":
		var fd int
		if fd, _, err = unix.Accept(3); err == nil {
			err = unix.Close(fd)
		}
	default:
		return "unknown command"
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// child is a real process that holds a listener.
type child struct {
	t   *testing.T
	pid int
	in  *os.File
	out *bufio.Reader
}

// newChild starts a worker with the socket as descriptor 3. It ends with the test at the latest.
func newChild(t *testing.T, s *fdpass.Socket) *child {
	t.Helper()
	childIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, in: in, out: bufio.NewReader(out)}
	err = s.Descriptor().Use(func(fd int) (err error) {
		// Not exec.Cmd: its ExtraFiles would clear O_NONBLOCK of the description that all share.
		c.pid, err = syscall.ForkExec("/proc/self/exe", os.Args[:1], &syscall.ProcAttr{
			Env:   append(os.Environ(), childVariable+"=1"),
			Files: []uintptr{childIn.Fd(), childOut.Fd(), 2, uintptr(fd)},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = childIn.Close()
	_ = childOut.Close()
	t.Cleanup(func() {
		c.end()
		_ = out.Close()
	})
	return c
}

// do has the worker carry out a command and waits for it.
func (c *child) do(command string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		c.t.Fatal(err)
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	if answer = strings.TrimSpace(answer); answer != "ok" {
		c.t.Fatalf("worker cannot %s: %s", command, answer)
	}
}

// end has the worker exit and waits until it has.
func (c *child) end() {
	if c.pid == 0 {
		return
	}
	_ = c.in.Close()
	for {
		if _, err := syscall.Wait4(c.pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	c.pid = 0
}
