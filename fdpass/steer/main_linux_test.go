package steer

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

const (
	partVariable = "STEER_PART"      // this test binary plays an earlier process
	netVariable  = "STEER_NAMESPACE" // it is in a network namespace of its own
)

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		os.Exit(play(part))
	}
	os.Exit(m.Run())
}

// play opens a group of the sockets 3 and 4 under the names "old" and "new", steers as the part says ("ebpf new"), and holds it until
// its input ends.
func play(part string) int {
	word, key, _ := strings.Cut(part, " ")
	kind := map[string]Kind{"cbpf": Classic, "ebpf": Extended}[word]
	g, err := Open(kind, []Member{{"old", fdpass.NewDescriptor(3)}, {"new", fdpass.NewDescriptor(4)}})
	if err == nil {
		err = g.Steer(to(key))
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("steering by", g.Kind())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// earlier starts a process that steers the rig's members "old" and "new" to key. end kills it and waits for that.
func (r *rig) earlier(key string) (end func()) {
	r.t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", partVariable+"="+r.kind.String()+" "+key)
	for _, key := range []string{"old", "new"} {
		d := must(r.socks[key].Dup())
		f := must(fdpass.ToFile(d, key))
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := false
	end = func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			in.Close()
		}
	}
	r.t.Cleanup(end)
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "steering by "+r.kind.String()+"\n" {
		r.t.Fatalf("the earlier process said %q (%v)", line, err)
	}
	for _, d := range r.socks { // os/exec has made the shared descriptions blocking
		_ = d.Use(func(fd int) error { return unix.SetNonblock(fd, true) })
	}
	return end
}

// again runs the tests that match in another process of this binary, and wants them all to pass.
func again(t *testing.T, pattern string, attr *syscall.SysProcAttr, environment ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run="+pattern, "-test.v", "-test.count=1")
	cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), environment...)
	cmd.SysProcAttr, cmd.Dir = attr, "/"
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\n--- PASS") || strings.Contains(string(out), "--- SKIP") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// asRoot skips what only root can try; where nothing may be skipped, that is a failure.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
		t.Fatal("this test needs root")
	}
	t.Skip("this test needs root")
}

// inNamespace is true in a process whose network is its own, with sysctls to change and loopback up. Elsewhere it runs the test in such a
// process.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netVariable) != "" {
		if err := loopbackUp(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	asRoot(t)
	again(t, "^"+t.Name()+"$", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}, netVariable+"=1")
	return false
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request := must(unix.NewIfreq("lo"))
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

func sysctl(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0o644); err != nil {
		t.Fatal(err)
	}
}

func hasCapability(number uint) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[number/32].Effective&(1<<(number%32)) != 0
}
