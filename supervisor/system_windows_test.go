package supervisor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"
)

// refusedText is how ConnectEx is told that nobody listens.
var refusedText = "connectex: " + windows.WSAECONNREFUSED.Error()

// What is said of a command that cannot be run.
const (
	notExecutable = "not executable"
	notThere      = "no such file"
)

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
