//go:build linux

package proctree

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// node is a process of a tree that a test builds. It starts its children, says
// its name and pid on descriptor 3, and stays until descriptor 4 ends: with the test.
type node struct {
	Name     string
	Setsid   bool   // leads a session
	Leaves   bool   // ends once its children are there, so they become orphans
	Clean    bool   // without the mark
	Rename   string // what ps shows
	Children []node
}

const (
	reportPipe = 3
	holdPipe   = 4
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "node" {
		var n node
		if err := json.Unmarshal([]byte(os.Args[2]), &n); err != nil {
			panic(err)
		}
		n.live()
		syscall.Exit(0) // os.Exit waits a second in a race build
	}
	os.Exit(m.Run())
}

func (n node) live() {
	if n.Rename != "" {
		name := append([]byte(n.Rename), 0)
		if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0); err != nil {
			panic(err)
		}
	}
	for _, c := range n.Children {
		pid, err := c.start(reportPipe, holdPipe, os.Environ())
		if err != nil {
			panic(err)
		}
		if c.Leaves {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
				panic(err)
			}
		}
	}
	if _, err := syscall.Write(reportPipe, fmt.Appendf(nil, "%d %s\n", os.Getpid(), n.Name)); err != nil {
		panic(err)
	}
	if !n.Leaves {
		_, _ = syscall.Read(holdPipe, make([]byte, 1))
	}
}

func (n node) start(report, hold uintptr, env []string) (pid int, err error) {
	text, err := json.Marshal(n)
	if err != nil {
		return 0, err
	}
	if n.Clean {
		env = nil
	}
	return syscall.ForkExec("/proc/self/exe", []string{"test", "node", string(text)}, &syscall.ProcAttr{
		Env: env, Files: []uintptr{0, 1, 2, report, hold}, Sys: &syscall.SysProcAttr{Setsid: n.Setsid},
	})
}

func (n node) count() int {
	sum := 1
	for _, c := range n.Children {
		sum += c.count()
	}
	return sum
}

// grown is a tree whose processes are all there; those that leave are gone.
type grown struct {
	pids map[string]int
	root int
	done *os.File // closing it ends all
}

// grow starts the tree with mark in its environment.
func grow(t testing.TB, n node, mark string) grown {
	t.Helper()
	report, reportWrite := filePipe(t)
	holdRead, hold := filePipe(t)
	root, err := n.start(reportWrite.Fd(), holdRead.Fd(), append(os.Environ(), mark))
	if err != nil {
		t.Fatal(err)
	}
	reportWrite.Close()
	holdRead.Close()
	g := grown{pids: make(map[string]int), root: root, done: hold}
	t.Cleanup(func() {
		hold.Close()
		_, _ = io.Copy(io.Discard, report) // ends with the last process
		_, _ = syscall.Wait4(root, nil, 0, nil)
	})
	lines := bufio.NewReader(report)
	for range n.count() {
		var pid int
		var name string
		if _, err := fmt.Fscan(lines, &pid, &name); err != nil {
			t.Fatal(err)
		}
		g.pids[name] = pid
	}
	return g
}

func filePipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}
