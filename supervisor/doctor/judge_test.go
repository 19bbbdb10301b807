package doctor

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
)

var update = flag.Bool("update", false, "write the golden files")

// good is a machine on which all is well.
func good() Facts {
	f := Facts{
		Machine: "linux/amd64", Kernel: "6.18.44", NoFile: Limit{1024, 1 << 20}, MemoryLock: Limit{8 << 20, 8 << 20},
		Controllers: map[string]string{},
		Sysctl: map[string]string{
			"net.core.somaxconn": "4096", "net.ipv4.tcp_syncookies": "1", "net.ipv4.tcp_max_syn_backlog": "4096", "net.ipv4.ip_local_port_range": "32768\t60999",
			"net.ipv4.ip_local_reserved_ports": "", "net.ipv4.tcp_fastopen": "3", "net.ipv4.ip_unprivileged_port_start": "1024", "net.ipv4.tcp_migrate_req": "1",
			"fs.pipe-user-pages-soft": "16384", "fs.nr_open": "1048576", "kernel.yama.ptrace_scope": "0",
		},
	}
	for _, c := range watched {
		f.Capabilities = append(f.Capabilities, c.name)
	}
	return f
}

// with gives a machine that differs.
func with(change func(f *Facts)) Facts {
	f := good()
	change(&f)
	return f
}

func ordinary(f *Facts) {
	f.UID, f.Capabilities = 1000, nil
	f.Extended, f.Migrate = "eBPF is not permitted (CAP_BPF is needed)", "needs eBPF, or net.ipv4.tcp_migrate_req = 1"
	f.Sysctl["net.ipv4.tcp_migrate_req"] = "0"
}

// everything asks for all there is.
func everything() Needs {
	who := func(name string) []string { return []string{`service "` + name + `" (app.hcl:7)`} }
	return Needs{
		Ports:    []Amount[int]{{80, `listener "web" (app.hcl:1)`}, {40000, `listener "high" (app.hcl:2)`}, {8080, `listener "app" (app.hcl:3)`}},
		Backlogs: []Amount[int]{{100, `listener "app" (app.hcl:3)`}, {65535, `listener "web" (app.hcl:1)`}},
		NoFiles:  []Amount[uint64]{{100_000, who("app")[0]}, {1 << 21, who("big")[0]}},
		Users:    who("user"), NetworkAdmin: who("admin"), Resources: who("oom"), FastOpen: who("fast"), Steer: who("steer"),
		Adopt: who("adopt"), AdoptUsers: who("adoptuser"), Controllers: map[string][]string{"memory": who("memory"), "cpu": who("memory"), "pids": who("pids")},
	}
}

// machines are those of the golden files.
func machines() map[string]Facts {
	return map[string]Facts{
		"good":     good(),
		"ordinary": with(ordinary),
		"bare": with(func(f *Facts) {
			ordinary(f)
			f.Kernel, f.Namespace, f.HideProc, f.MemoryLock = "4.19.0-27-amd64", true, "invisible", Limit{65536, 65536}
			f.Adopt, f.Notify = "bind and listen cannot be intercepted: the kernel is too old (Linux 5.19 or newer is needed)", "seccomp: invalid argument"
			f.GetFD, f.ReadMemory = "pidfd_getfd: operation not permitted", "process_vm_readv: operation not permitted"
			f.Classic = "setsockopt SO_ATTACH_REUSEPORT_CBPF: protocol not available"
			f.Group = "cannot use control groups: no hierarchy of version 2 is mounted (usually it is at /sys/fs/cgroup)"
			f.NoFile = Limit{1024, 4096}
			maps.Copy(f.Sysctl, map[string]string{
				"net.core.somaxconn": "128", "net.ipv4.tcp_syncookies": "0", "net.ipv4.tcp_max_syn_backlog": "128", "net.ipv4.ip_local_port_range": "50000 51000",
				"net.ipv4.tcp_fastopen": "1", "kernel.yama.ptrace_scope": "1", "fs.pipe-user-pages-soft": "64",
			})
		}),
		"controllers": with(func(f *Facts) {
			f.Controllers["memory"] = `cannot limit by the controller "memory": group "/x" does not have it (the groups above it must pass it on: Delegate=yes)`
		}),
		"windows":     {Machine: "windows/amd64", Kernel: "10.0.20348"},
		"windows-bad": {Machine: "windows/amd64", Kernel: "6.1.7601", Elevated: true, Export: "no", Job: "no", CPURate: "no", Pipe: "no"},
		"elsewhere":   {Machine: "darwin/arm64", Adopt: "not supported on this system", Classic: "not supported on this system", Extended: "not supported on this system", Group: "not supported on this system"},
		"dead":        {MissingAnswer: "the process that tries has failed: signal: killed"},
	}
}

// TestJudge has every machine judged, for nothing in particular and for a configuration that asks for everything.
func TestJudge(t *testing.T) {
	for name, facts := range machines() {
		for kind, needs := range map[string]Needs{"": {}, "-everything": everything()} {
			got, err := json.MarshalIndent(Judge(facts, needs), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+kind+".json", string(got)+"\n")
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update writes it): %s", path, diff)
	}
}

// TestFailed is the exit code.
func TestFailed(t *testing.T) {
	if list := Judge(good(), everything()); !Failed(list) { // a limit beyond fs.nr_open, which nobody can have
		t.Error("more open files than the kernel gives anybody are no failure")
	}
	n := everything()
	n.NoFiles = n.NoFiles[:1]
	for name, expected := range map[string]bool{"good": false, "ordinary": true, "bare": true, "controllers": true} {
		if got := Failed(Judge(machines()[name], n)); got != expected {
			t.Errorf("%s failed: %v, expected %v", name, got, expected)
		}
		if Failed(Judge(machines()[name], Needs{})) {
			t.Errorf("%s failed without a configuration that needs anything", name)
		}
	}
}

// TestEveryLackSaysWhatToDo looks at all that is not in order on the worst machine.
func TestEveryLackSaysWhatToDo(t *testing.T) {
	for _, name := range []string{"bare", "ordinary"} {
		for _, f := range Judge(machines()[name], everything()) {
			if f.Level != OK && (f.Cost == "" || f.Mend == "" && !strings.HasPrefix(f.Name, "controller")) {
				t.Errorf("%s: %s: cost %q, mend %q", name, f.Name, f.Cost, f.Mend)
			}
		}
	}
}

func TestAtLeast(t *testing.T) {
	for release, expected := range map[string]bool{"6.18.44-fc": true, "5.19": true, "5.19-rc1": true, "5.18.9": false, "4.20.0": false, "6": true, "unknown": true} {
		if got := atLeast(release, 5, 19); got != expected {
			t.Errorf("%q is at least 5.19: %v", release, got)
		}
	}
}

func TestReserved(t *testing.T) {
	apart := reserved("80,9000-9010,x,12-\n")
	for port, expected := range map[int]bool{80: true, 81: false, 8999: false, 9000: true, 9005: true, 9010: true, 9011: false, 12: false} {
		if got := apart(port); got != expected {
			t.Errorf("%d: %v", port, got)
		}
	}
	if reserved("")(0) {
		t.Error("0 is set apart by nothing")
	}
}

func TestAdvice(t *testing.T) {
	for text, expected := range map[string][2]string{"a (b)": {"a", "b"}, "a": {"a", ""}, "a (b) c": {"a (b) c", ""}, "a (b) (c d)": {"a (b)", "c d"}} {
		if reason, mend := advice(text); reason != expected[0] || mend != expected[1] {
			t.Errorf("%q: %q and %q", text, reason, mend)
		}
	}
}

func TestNeedsOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.hcl")
	text := `
listener "web" {
  address   = "tcp4://127.0.0.1:81"
  backlog   = 5000
  sharing   = "generation"
  fast_open = 10
  mark      = 1
}
listener "other" {
  address  = "udp://127.0.0.1:9000"
  priority = 6
}
service "app" {
  command   = ["true"]
  listeners = ["web"]
  handoff   = ["adopt"]
  user      = "nobody"
  oom_score_adjust = -5
  limits {
    nofile     = 5000
    memory_max = "1GiB"
  }
}
service "plain" {
  command   = ["true"]
  listeners = ["other"]
}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, config.Host{System: "linux", CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := NeedsOf(cfg)
	web, app := []string{`listener "web" (` + cfg.Listeners[0].Where + `)`}, []string{`service "app" (` + cfg.Services[0].Where + `)`}
	for name, pair := range map[string][2][]string{
		"steering": {n.Steer, web}, "fast open": {n.FastOpen, web}, "CAP_NET_ADMIN": {n.NetworkAdmin, web}, "users": {n.Users, app},
		"adopting": {n.Adopt, app}, "adopted as others": {n.AdoptUsers, app}, "memory": {n.Controllers["memory"], app}, "cpu": {n.Controllers["cpu"], nil},
		"groups": {n.groups(), app}, "resources": {n.Resources, app}, "low ports": {n.portsBelow(1024), web},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %v, expected %v", name, pair[0], pair[1])
		}
	}
	if len(n.Ports) != 2 || len(n.Backlogs) != 1 || n.Backlogs[0].N != 5000 || len(n.NoFiles) != 1 || n.NoFiles[0].N != 5000 {
		t.Errorf("%+v", n)
	}
}
