//go:build linux

package dialect_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// role says what the test binary is: unset in the test itself, "stage" in the process that fills in the
// pid-bound variables, "worker" in the one that it becomes.
const role = "DIALECT_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "stage":
		stage()
	case "worker":
		interopWorker()
	default:
		os.Exit(m.Run())
	}
}

// stage does what `supervise stage` does: it knows its pid and its parent's only now.
func stage() {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, role+"=") })
	env = append(env, role+"=worker")
	for _, key := range strings.Fields(os.Getenv("OWN_PID")) {
		env = append(env, key+"="+strconv.Itoa(os.Getpid()))
	}
	for _, key := range strings.Fields(os.Getenv("PARENT_PID")) {
		env = append(env, key+"="+strconv.Itoa(os.Getppid()))
	}
	fmt.Println("cannot exec:", syscall.Exec("/proc/self/exe", os.Args, env))
	os.Exit(1)
}

// interopWorker reads its sockets by go-systemd and by einhorn's rules and says what it found.
func interopWorker() {
	byName, err := activation.ListenersWithNames()
	if err != nil {
		fmt.Println("cannot list:", err)
		os.Exit(1)
	}
	var lines []string
	for name, listeners := range byName {
		for _, l := range listeners {
			lines = append(lines, fmt.Sprintf("systemd %s %s", name, l.Addr()))
		}
	}
	slices.Sort(lines)
	if os.Getenv("EINHORN_MASTER_PID") == strconv.Itoa(os.Getppid()) {
		lines = append(lines, "einhorn "+os.Getenv("EINHORN_FD_COUNT"))
	}
	fmt.Println(strings.Join(lines, "\n"))
	os.Exit(0)
}

// TestProcGoSystemd lets go-systemd read, in a real process, what Combine wrote.
func TestProcGoSystemd(t *testing.T) {
	web, webFile := listen(t, "tcp", "127.0.0.1:0")
	admin, adminFile := listen(t, "unix", filepath.Join(t.TempDir(), "a.sock"))
	plan, err := dialect.Combine([]string{"systemd", "einhorn"}, dialect.Input{
		Generation: 1,
		Sockets: []dialect.Socket{
			{Name: "web", Network: "tcp4", Host: "127.0.0.1", Port: web.Addr().(*net.TCPAddr).Port},
			{Name: "admin", Network: "unix", Path: admin.Addr().String()},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("systemd admin %s\nsystemd web %s\neinhorn 2\n", admin.Addr(), web.Addr())
	if diff := cmp.Diff(want, run(t, plan, webFile, adminFile)); diff != "" {
		t.Errorf("the worker says (-want +got):\n%s", diff)
	}
}

func listen(t *testing.T, network, address string) (net.Listener, *os.File) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); l.Close() })
	return l, f
}

// run starts the worker with the plan's descriptors, which exec numbers from 3, and returns its output.
func run(t *testing.T, p dialect.Plan, files ...*os.File) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(p.Env, role+"=stage", "GORACE=atexit_sleep_ms=0",
		"OWN_PID="+strings.Join(p.OwnPID, " "), "PARENT_PID="+strings.Join(p.ParentPID, " "))
	for _, n := range p.Numbers {
		if n.FD != 3+len(cmd.ExtraFiles) {
			t.Fatalf("the plan has descriptor %d where 3, 4, … is expected", n.FD)
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, files[n.Socket])
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Errorf("worker: %v", err)
	}
	return string(text)
}
