package supervisor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"
)

// refusedText is how ConnectEx is told that nobody listens.
var refusedText = "connectex: " + windows.WSAECONNREFUSED.Error()

// What is said of a command that cannot be run.
const (
	notExecutable = "it is no program that this machine can run"
	notThere      = "no such file"
)

// sleeper is a command that does nothing for a long time, as it is written in a list.
func sleeper() string {
	return fmt.Sprintf("%q, %q, %q", filepath.ToSlash(os.Args[0]), "worker", "wait")
}

// freePort is one that nobody had just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestMerge(t *testing.T) {
	env := map[string]string{"Path": "a", "HOME": "h"}
	merge(env, map[string]string{"PATH": "b", "new": "n"})
	if d := cmp.Diff(map[string]string{"PATH": "b", "HOME": "h", "new": "n"}, env); d != "" {
		t.Error(d)
	}
	merge(env, map[string]string{"path": "c", "Path": "d"})
	if d := cmp.Diff(map[string]string{"path": "c", "HOME": "h", "new": "n"}, env); d != "" {
		t.Error(d)
	}
}

func TestLeastEnvironment(t *testing.T) {
	for environ, want := range map[string]map[string]string{
		"":                  {"SystemRoot": `C:\Windows`, "Path": `C:\Windows\System32;C:\Windows`},
		`SYSTEMROOT=D:\Win`: {"SystemRoot": `D:\Win`, "Path": `D:\Win\System32;D:\Win`},
		"SystemRoot=":       {"SystemRoot": `C:\Windows`, "Path": `C:\Windows\System32;C:\Windows`},
	} {
		if d := cmp.Diff(want, leastEnvironment([]string{environ})); d != "" {
			t.Errorf("%q: %s", environ, d)
		}
	}
}

func TestAlive(t *testing.T) {
	if !alive(int(windows.GetCurrentProcessId())) {
		t.Error("this process is not alive")
	}
	for _, pid := range []int{0, -1, 1<<31 - 4} {
		if alive(pid) {
			t.Errorf("process %d is alive", pid)
		}
	}
}

// slay ends a process at once.
func slay(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// slain is how that is told: TerminateProcess leaves the exit code that os.Process.Kill gives it.
const slain = "exited with status 1"

// isRefused is whether nobody listened.
func isRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// runs is whether a process is there and has not ended.
func runs(pid int) bool { return alive(pid) }

// backlogTold is whether the kernel tells the backlog of a listener.
const backlogTold = false
