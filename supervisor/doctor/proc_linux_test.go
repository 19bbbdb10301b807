package doctor

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary the two processes of Ask.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Verb {
		os.Exit(Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

const itself = "/proc/self/exe"

// TestProcAsk tries it all on this kernel, and leaves the asking process as it was.
func TestProcAsk(t *testing.T) {
	before := readAll("/proc/self/status")
	f := Ask(t.Context(), itself)
	if f.MissingAnswer != "" {
		t.Fatal(f.MissingAnswer)
	}
	t.Logf("%+v", f)
	if f.UID != os.Getuid() || f.Kernel == "" || f.NoFile.Hard == 0 || f.Sysctl["net.core.somaxconn"] == "" {
		t.Errorf("%+v", f)
	}
	for name, why := range map[string]string{"seccomp notification": f.Notify, "classic steering": f.Classic, "pidfd_getfd": f.GetFD, "process_vm_readv": f.ReadMemory} {
		if why != "" {
			t.Errorf("%s does not work here: %s", name, why)
		}
	}
	if got := f.can("CAP_BPF"); got != (f.Extended == "") {
		t.Errorf("CAP_BPF is there: %v; eBPF: %q", got, f.Extended)
	}
	for _, line := range []string{"NoNewPrivs:", "Seccomp:"} {
		if a, b := lineOf(before, line), lineOf(readAll("/proc/self/status"), line); a != b {
			t.Errorf("%q has become %q", a, b)
		}
	}
}

func lineOf(text, start string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	return ""
}

// TestProcAskAsNobody does the same as an ordinary user, and with pidfd_getfd forbidden as in a container.
func TestProcAskAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
			t.Fatal("this test needs root")
		}
		t.Skip("this test needs root")
	}
	cmd := exec.CommandContext(t.Context(), itself, "-test.run=^TestProcAsk$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr, cmd.Dir = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}, "/"
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\n--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestProcProbeOfNobody is told of a process that is gone.
func TestProcProbeOfNobody(t *testing.T) {
	f, err := try(1<<22+1, 0)
	if err != nil || f.GetFD == "" || f.ReadMemory == "" {
		t.Errorf("%q, %q, %v", f.GetFD, f.ReadMemory, err)
	}
	if got := tryReadMemory(os.Getpid(), 1); got == nil {
		t.Error("address 1 can be read")
	}
}

func TestProcAskFails(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, f := range map[string]Facts{
		"no program":    Ask(t.Context(), "/nonexistent"),
		"another":       Ask(t.Context(), "/bin/true"),
		"interrupted":   Ask(over, itself),
		"does not wait": Ask(t.Context(), "/bin/echo"),
	} {
		if f.MissingAnswer == "" {
			t.Errorf("%s: there is an answer: %+v", name, f)
		}
	}
}

func TestMainByHand(t *testing.T) {
	for _, args := range [][]string{{}, {"1"}, {"x", "0"}, {"0", "0"}, {"1", "zz"}, {"1", "2", "3"}} {
		if code := Main(args); code != 2 {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}

func TestHideProc(t *testing.T) {
	const mount = "22 1 0:20 / %s rw,relatime - proc proc rw%s\n"
	line := func(at, options string) string {
		return strings.NewReplacer("%s rw,", at+" rw,", "rw%s", "rw"+options).Replace(mount)
	}
	for text, expected := range map[string]string{
		"": "", line("/proc", ""): "", line("/proc", ",hidepid=2"): "2", line("/proc", ",gid=4,hidepid=invisible"): "invisible",
		line("/x", ",hidepid=2"): "", line("/proc", ",hidepid=2") + line("/proc", ""): "", "malformed\n": "",
	} {
		if got := hideProc(text); got != expected {
			t.Errorf("%q: %q, expected %q", text, got, expected)
		}
	}
}

func TestCapabilities(t *testing.T) {
	numbers := map[string]uint{"CAP_KILL": unix.CAP_KILL, "CAP_SETGID": unix.CAP_SETGID, "CAP_SETUID": unix.CAP_SETUID, "CAP_NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
		"CAP_NET_ADMIN": unix.CAP_NET_ADMIN, "CAP_SYS_PTRACE": unix.CAP_SYS_PTRACE, "CAP_SYS_ADMIN": unix.CAP_SYS_ADMIN, "CAP_SYS_RESOURCE": unix.CAP_SYS_RESOURCE, "CAP_BPF": unix.CAP_BPF}
	for _, c := range watched {
		if numbers[c.name] != c.number {
			t.Errorf("%s is %d, not %d", c.name, numbers[c.name], c.number)
		}
	}
}

func FuzzHideProc(f *testing.F) {
	for _, seed := range []string{"", "\n", "22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=2\n", "1 2 3 4 /proc 6 hidepid="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if value := hideProc(text); !strings.Contains(text, value) {
			t.Errorf("%q in %q", value, text)
		}
	})
}
