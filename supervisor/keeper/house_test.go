//go:build linux

package keeper

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// keeperMain is the test binary as the keeper.
func keeperMain() int {
	if os.Getenv(Variable) == "" {
		program, err := os.Executable()
		if err == nil {
			err = Become(program)
		}
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	patience, _ := time.ParseDuration(os.Getenv("TEST_PATIENCE"))
	return Main(Options{Program: os.Getenv("TEST_PROGRAM"), Args: os.Args[2:], patience: patience})
}

// managerMain is the test binary as a manager: it does what it reads, one command
// a line, and writes what came of it. The name of its program says how it behaves.
func managerMain() {
	if len(os.Args) > 2 {
		code, _ := strconv.Atoi(os.Args[2])
		syscall.Exit(code)
	}
	c, w, err := Connect()
	if err != nil {
		fmt.Println("error", err)
		syscall.Exit(8)
	}
	program, _ := os.Readlink("/proc/self/exe")
	switch behaviour := filepath.Base(program); {
	case w.Trial && behaviour == "hangs":
		select {}
	case w.Trial && behaviour == "refuses":
		_ = c.Tried(errors.New("line 3 is wrong"))
		select {}
	case w.Trial && behaviour == "dies":
		syscall.Exit(6)
	case w.Trial:
		if _, err := c.Inventory(); err != nil {
			syscall.Exit(5)
		}
		if err := c.Tried(nil); err != nil {
			syscall.Exit(4)
		}
		if behaviour == "crashes" {
			syscall.Exit(7)
		}
	}
	fmt.Printf("manager %d %s trial=%t stopping=%d given=%v failed=%q before=%q\n",
		os.Getpid(), filepath.Base(program), w.Trial, w.Stopping, w.Given, w.Failed, w.Before)
	for {
		obey(c, readCommand())
	}
}

// readCommand takes one line and nothing behind it, which is for the next manager.
func readCommand() []string {
	var line []byte
	for b := []byte{0}; ; {
		if n, err := syscall.Read(0, b); n != 1 || err != nil {
			if err == syscall.EINTR {
				continue
			}
			syscall.Exit(3)
		}
		if b[0] == '\n' {
			return strings.SplitN(string(line), " ", 3)
		}
		line = append(line, b[0])
	}
}

// obey carries out one command.
func obey(c *Client, command []string) {
	command = append(command, "", "")
	a, b := command[1], command[2]
	number, _ := strconv.Atoi(a)
	id := ID(number)
	var err error
	said := "done"
	switch command[0] {
	case "hold":
		err = holdText(c, a, b)
	case "read":
		said, err = readHeld(c, a)
	case "save":
		err = c.Save(a, []byte(b))
	case "drop":
		err = c.Drop(a)
	case "spawn":
		said, err = spawnScript(c, a, b, nil)
	case "bear": // a process in a group
		path, script, _ := strings.Cut(b, " ")
		said, err = spawnScript(c, a, script, must(cgroup.At(path)))
	case "wait":
		var exit Exit
		exit, err = c.Wait(id)
		said = exit.String()
	case "signal":
		sig, _ := strconv.Atoi(b)
		err = c.Signal(id, syscall.Signal(sig))
	case "kill":
		err = c.Kill(id)
	case "follow":
		pid, _ := strconv.Atoi(b)
		err = c.Follow(id, pid)
	case "forget":
		err = c.Forget(id)
	case "inventory":
		said, err = listInventory(c)
	case "signals":
		said = fmt.Sprint(<-c.Signals())
	case "ready":
		err = c.Ready()
	case "upgrade":
		err = c.Upgrade()
	case "notify":
		err = c.Notify(a, nil)
	case "env":
		said = fmt.Sprintf("%q", os.Getenv(a))
	case "end":
		err = c.End(number)
	case "exit":
		syscall.Exit(number)
	case "close":
		err = c.Close()
	case "raw":
		_, err = syscall.Write(connection, []byte(strings.Join(command[1:], " ")))
	case "upgrade-raw":
		err = syscall.Sendmsg(connection, []byte(strings.Join(command[1:], " ")), syscall.UnixRights(2), nil, 0)
	case "fill":
		err = fill(c, number)
	default:
		err = errors.New("no such command")
	}
	if err != nil {
		said = "error " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	fmt.Println(said)
}

// holdText has a pipe held with a text in it.
func holdText(c *Client, name, text string) error {
	r, w, err := fdpass.Pipe()
	if err != nil {
		return err
	}
	d, err := fdpass.FromFile(r)
	if err == nil {
		err = w.Use(func(fd int) error { _, err := unix.Write(fd, []byte(text)); return err })
	}
	return errors.Join(err, c.Hold(name, d), d.Close(), r.Close(), w.Close())
}

func readHeld(c *Client, name string) (string, error) {
	i, err := c.Inventory()
	if err != nil {
		return "", err
	}
	defer i.Close()
	d := i.Take(name)
	if d == nil {
		return "", errors.New("it is not held")
	}
	defer d.Close()
	b := make([]byte, 100)
	n := 0
	err = d.Use(func(fd int) (err error) { n, err = unix.Read(fd, b); return err })
	return string(b[:max(n, 0)]), err
}

// fill holds the same pipe under many names, until it is refused.
func fill(c *Client, count int) error {
	_, w, err := fdpass.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	for n := range count {
		if err := c.Hold(fmt.Sprintf("fill/%d", n), w); err != nil {
			return fmt.Errorf("after %d: %w", n, err)
		}
	}
	return nil
}

// spawnScript runs a script whose output is the manager's own.
func spawnScript(c *Client, name, script string, group *cgroup.Group) (string, error) {
	out := fdpass.NewDescriptor(must(unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 0)))
	defer out.Close()
	p, err := c.Spawn(Spawn{
		Name: name, Label: name, Group: group,
		Plan:  stage.Plan{Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}},
		Files: []File{{Number: 1, Descriptor: out}},
	})
	return fmt.Sprint(p.ID, " ", p.PID), err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func listInventory(c *Client) (string, error) {
	i, err := c.Inventory()
	if err != nil {
		return "", err
	}
	defer i.Close()
	var words []string
	for _, n := range i.Descriptors {
		words = append(words, n.Name)
	}
	for name, text := range i.Texts {
		words = append(words, name+"="+string(text))
	}
	slices.Sort(words)
	for _, w := range i.Workers {
		words = append(words, fmt.Sprintf("%d:%s:%d", w.ID, w.Name, w.PID))
	}
	return strings.Join(words, " "), nil
}

// house is a keeper process under test, with the managers and workers in it.
type house struct {
	t       *testing.T
	cmd     *exec.Cmd
	in      *os.File
	out     *bufio.Reader
	errors  *bufio.Reader
	manager int // pid of the last one that said hello
	hello   string
	ended   bool
}

// newHouse starts a keeper. Upgrades run program; "" is the test binary itself.
func newHouse(t *testing.T, program string, environ ...string) *house {
	t.Helper()
	self := must(os.Executable())
	if program == "" {
		program = self
	}
	h := openHouse(t, exec.Command(self, "keeper"), append(environ, "TEST_PROGRAM="+program)...)
	h.meet()
	return h
}

func openHouse(t *testing.T, cmd *exec.Cmd, environ ...string) *house {
	t.Helper()
	h := &house{t: t, cmd: cmd}
	cmd.Env = append(os.Environ(), environ...)
	in, commands := must2(os.Pipe())
	out, said := must2(os.Pipe())
	errs, complaints := must2(os.Pipe())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, said, complaints
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL} // should the test not get to its end
	h.in, h.out, h.errors = commands, bufio.NewReader(out), bufio.NewReader(errs)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{in, said, complaints} {
		f.Close()
	}
	t.Cleanup(func() {
		h.close()
		commands.Close()
		out.Close()
		errs.Close()
	})
	return h
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// close ends a house that the test has not ended. Nothing must be left of it: the
// pipes end only when nobody has them any more.
func (h *house) close() {
	if !h.ended {
		h.tell("end 0")
		h.expectEnd(0)
	}
	h.in.Close()
	if rest, err := io.ReadAll(h.out); err != nil || len(rest) > 0 && !h.t.Failed() {
		h.t.Errorf("more output: %q, %v", rest, err)
	}
	if rest, err := io.ReadAll(h.errors); err != nil || len(rest) > 0 {
		h.t.Errorf("more complaints: %q, %v", rest, err)
	}
}

// expectEnd waits for the end of the keeper.
func (h *house) expectEnd(code int) {
	h.t.Helper()
	h.ended = true
	_ = h.cmd.Wait()
	if got := h.cmd.ProcessState.ExitCode(); got != code {
		h.t.Errorf("the keeper ended with %s, want code %d", h.cmd.ProcessState, code)
	}
}

func (h *house) tell(command string) {
	h.t.Helper()
	if _, err := h.in.WriteString(command + "\n"); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) line() string {
	h.t.Helper()
	text, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatalf("output ended with %q: %v", text, err)
	}
	return strings.TrimSuffix(text, "\n")
}

// do has a command carried out.
func (h *house) do(command string) string {
	h.t.Helper()
	h.tell(command)
	return h.line()
}

// expect has a command carried out that says want.
func (h *house) expect(command, want string) {
	h.t.Helper()
	if got := h.do(command); got != want {
		h.t.Errorf("%s: got %q, want %q", command, got, want)
	}
}

// refused has a command carried out that fails for a reason with want in it.
func (h *house) refused(command, want string) {
	h.t.Helper()
	if got := h.do(command); !strings.HasPrefix(got, "error ") || !strings.Contains(got, want) {
		h.t.Errorf("%s: got %q, want an error with %q", command, got, want)
	}
}

// meet waits for the hello of the next manager.
func (h *house) meet() {
	h.t.Helper()
	h.hello = h.line()
	if n, err := fmt.Sscanf(h.hello, "manager %d", &h.manager); n != 1 || err != nil {
		h.t.Fatalf("the manager said %q", h.hello)
	}
}

func (h *house) greets(want ...string) {
	h.t.Helper()
	for _, w := range want {
		if !strings.Contains(h.hello, w) {
			h.t.Errorf("the manager said %q, want %q in it", h.hello, w)
		}
	}
}

// strike kills the manager and waits for the next one.
func (h *house) strike() {
	h.t.Helper()
	if err := unix.Kill(h.manager, unix.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	h.meet()
}

// spawn starts a worker.
func (h *house) spawn(name, script string) (id string, pid int) {
	h.t.Helper()
	said := h.do("spawn " + name + " " + script)
	if n, err := fmt.Sscan(said, &id, &pid); n != 2 || err != nil {
		h.t.Fatalf("spawn: %s", said)
	}
	return id, pid
}

func (h *house) signal(sig syscall.Signal) {
	h.t.Helper()
	if err := h.cmd.Process.Signal(sig); err != nil {
		h.t.Fatal(err)
	}
}

// program makes the test binary one that behaves as its name says.
func program(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Link(must(os.Executable()), path); err != nil {
		b := must(os.ReadFile(must(os.Executable())))
		if err := os.WriteFile(path, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path
}
