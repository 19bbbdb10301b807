package proctree

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// TestMain makes the test binary a chain of processes: "chain N" starts "chain N-1", and each lives as long as its stdin.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "chain" {
		n, _ := strconv.Atoi(os.Args[2])
		chain(n)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func chain(n int) {
	fmt.Println(os.Getpid())
	if n > 1 {
		next := exec.Command(os.Args[0], "chain", strconv.Itoa(n-1))
		next.Stdin, next.Stdout = os.Stdin, os.Stdout
		if err := next.Start(); err != nil {
			panic(err)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// started is a chain that runs.
type started struct {
	pids []int // in their order
	out  io.Reader
	end  func()
}

// start starts a chain; it ends with the test at the latest.
func start(t *testing.T, n int) started {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self, "chain", strconv.Itoa(n))
	stdin, err := cmd.StdinPipe()
	must(t, err)
	r, w, err := os.Pipe()
	must(t, err)
	cmd.Stdout = w
	must(t, errors.Join(cmd.Start(), w.Close()))
	t.Cleanup(func() { _ = errors.Join(stdin.Close(), r.Close(), cmd.Wait()) })
	out := bufio.NewReader(r)
	s := started{out: out, end: func() { _ = stdin.Close() }}
	for range n {
		line, err := out.ReadString('\n')
		must(t, err)
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		must(t, err)
		s.pids = append(s.pids, pid)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sorted(pids []int) []int { return slices.Sorted(slices.Values(pids)) }

func TestProcDescendants(t *testing.T) {
	c, other := start(t, 3), start(t, 2)
	tree := Of(c.pids[0])
	if tree.Start == 0 {
		t.Error("the start of a process is not known")
	}
	if got := sorted(tree.Members()); !slices.Equal(got, sorted(c.pids)) {
		t.Errorf("members are %v, want %v", got, c.pids)
	}
	for _, pid := range c.pids {
		if !tree.Contains(pid) {
			t.Errorf("%d is no member", pid)
		}
	}
	for _, pid := range []int{os.Getpid(), other.pids[0], other.pids[1], 0, -1, 1 << 30} {
		if tree.Contains(pid) {
			t.Errorf("%d is a member", pid)
		}
	}
	if got := Parent(c.pids[2]); got != c.pids[1] {
		t.Errorf("the parent is %d, want %d", got, c.pids[1])
	}
	tree.Start++
	if got := tree.Members(); len(got) != 0 {
		t.Errorf("of another process of that number: %v", got)
	}
}

// A job holds a process and those it starts from then on, whoever else is its parent.
func TestProcJob(t *testing.T) {
	c := start(t, 1)
	name := fmt.Sprintf(`Local\proctree-test-%d`, os.Getpid())
	u, err := windows.UTF16PtrFromString(name)
	must(t, err)
	job, err := windows.CreateJobObject(nil, u)
	must(t, err)
	defer windows.CloseHandle(job)
	tree := Tree{Root: c.pids[0], Job: name}
	if got := tree.Members(); len(got) != 0 {
		t.Errorf("an empty job has %v", got)
	}
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(c.pids[0]))
	must(t, err)
	must(t, errors.Join(windows.AssignProcessToJobObject(job, h), windows.CloseHandle(h)))
	if got := tree.Members(); !slices.Equal(got, c.pids) || !tree.Contains(c.pids[0]) || tree.Contains(os.Getpid()) {
		t.Errorf("the job has %v, want %v", got, c.pids)
	}
	c.end()
	_, _ = io.Copy(io.Discard, c.out)
	must(t, AwaitEnd(c.pids[0]))
	if got := tree.Members(); len(got) != 0 {
		t.Errorf("the job has %v that are gone", got)
	}
	gone := Tree{Root: c.pids[0], Job: name + "-gone"}
	if got := gone.Members(); len(got) != 0 {
		t.Errorf("a job that is gone has %v", got)
	}
}

func TestProcAwaitEnd(t *testing.T) {
	c := start(t, 2)
	ended := make(chan error)
	go func() { ended <- AwaitEnd(c.pids[1]) }()
	select {
	case err := <-ended:
		t.Errorf("it has not ended, and %v", err)
	default:
	}
	c.end()
	must(t, <-ended)
	must(t, AwaitEnd(c.pids[1])) // nobody, or just a number that is still known
	if Stopped(c.pids[1]) {
		t.Error("nothing is ever stopped here")
	}
}

// The list is read as the kernel lays it out: two numbers of 32 bits, then pids as wide as pointers.
func TestProcessListLayout(t *testing.T) {
	var list processList
	if at := unsafe.Offsetof(list.IDs); at != 8 {
		t.Errorf("the pids begin at %d", at)
	}
}
