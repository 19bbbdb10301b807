//go:build linux

package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// nobody is the identity in which a stage may do nothing special.
const nobody = 65534

// failing is a case of the golden file: a plan that cannot be carried out.
type failing struct {
	name string
	user bool // the stage itself runs as nobody
	plan Plan
}

func command(words ...string) Plan { return Plan{Command: words, Env: []string{path}} }

func failures(dir string) []failing {
	at := func(name string) Plan { return command(filepath.Join(dir, name)) }
	big := command("/bin/true")
	for range 100 {
		big.Env = append(big.Env, "V="+strings.Repeat("x", 100<<10))
	}
	with := func(change func(*Plan)) Plan {
		p := command("/bin/true")
		change(&p)
		return p
	}
	return []failing{
		{"missing file", false, at("missing")},
		{"missing in PATH", false, command("no-such-program")},
		{"missing relative to the directory", false, Plan{Command: []string{"./missing"}, Directory: dir}},
		{"missing interpreter", false, at("no-interpreter")},
		{"carriage return", false, at("carriage-return")},
		{"missing loader", false, at("no-loader")},
		{"dangling link", false, at("dangling")},
		{"through a file", false, at("plain/app")},
		{"directory", false, at("folder")},
		{"fifo", false, at("fifo")},
		{"not executable", false, at("plain")},
		{"not executable in PATH", false, Plan{Command: []string{"plain"}, Env: []string{"PATH=" + dir}}},
		{"interpreter not executable", false, at("weak-interpreter")},
		{"text without #!", false, at("no-shebang")},
		{"text without #! in PATH", false, Plan{Command: []string{"no-shebang"}, Env: []string{"PATH=" + dir}}},
		{"#! without a name", false, at("empty-shebang")},
		{"empty file", false, at("empty")},
		{"another architecture", false, at("other-machine")},
		{"no program", false, at("noise")},
		{"private file", true, at("private")},
		{"private folder", true, at("closed/app")},
		{"open for writing", false, at("busy")},
		{"large environment", false, big},
		{"no such directory", false, with(func(p *Plan) { p.Directory = filepath.Join(dir, "missing") })},
		{"directory is a file", false, with(func(p *Plan) { p.Directory = filepath.Join(dir, "plain") })},
		{"private directory", true, with(func(p *Plan) { p.Directory = filepath.Join(dir, "closed") })},
		{"private directory for another user", true, with(func(p *Plan) { p.Directory, p.UID = filepath.Join(dir, "closed"), ptr(uint32(nobody)) })},
		{"uid without root", true, with(func(p *Plan) { p.UID = ptr(uint32(1)) })},
		{"gid without root", true, with(func(p *Plan) { p.GID = ptr(uint32(1)) })},
		{"groups without root", true, with(func(p *Plan) { p.Groups = []uint32{1} })},
		{"hard limit without root", true, with(func(p *Plan) { p.Limits = []Limit{{"msgqueue", 1, Unlimited}} })},
		{"soft above hard", false, with(func(p *Plan) { p.Limits = []Limit{{"core", 2, 1}} })},
		{"unlimited above hard", false, with(func(p *Plan) { p.Limits = []Limit{{"core", Unlimited, 1}} })},
		{"unknown limit", false, with(func(p *Plan) { p.Limits = []Limit{{"sockets", 1, 1}} })},
		{"more than the kernel allows", false, with(func(p *Plan) { p.Limits = []Limit{{"nofile", 1 << 40, 1 << 40}} })},
		{"nice without root", true, with(func(p *Plan) { p.Nice = ptr(-5) })},
		{"oom score without root", true, with(func(p *Plan) { p.OOMScoreAdjust = ptr(-500) })},
		{"oom score out of range", false, with(func(p *Plan) { p.OOMScoreAdjust = ptr(2000) })},
		{"descriptor above the limit", false, with(func(p *Plan) { p.Numbers = []int{1 << 30} })},
		{"descriptor not sent", false, with(func(p *Plan) { p.Numbers = []int{5, 6} })},
		{"empty command", false, Plan{}},
		{"zero byte", false, command("/bin/true", "a\x00b")},
	}
}

func TestProcFailures(t *testing.T) {
	dir := failureFiles(t)
	var b strings.Builder
	for _, f := range failures(dir) {
		fmt.Fprintf(&b, "%s:\n\t%s\n", f.name, f.said(t, dir))
	}
	golden := filepath.Join("testdata", "failures.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// said carries the plan out and returns the error without what depends on the machine.
func (f failing) said(t *testing.T, dir string) string {
	t.Helper()
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var as *syscall.Credential
	if f.user && os.Geteuid() == 0 {
		as = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	s := startStage(t, "stage", as, []*os.File{null})
	err = s.send(t, encode(t, f.plan))
	s.cmd.Wait()
	if err == nil {
		return "no error"
	}
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		fmt.Sprintf("mode %04o", forOthers()), "mode $PRIVATE",
		dir, "$DIR", fmt.Sprintf("is %d open", l.Max), "is $NOFILE open",
		fmt.Sprintf("uid %d", os.Geteuid()), "uid $UID", fmt.Sprintf("uid %d", nobody), "uid $UID",
		strings.TrimSpace(string(head("/proc/sys/fs/nr_open")))+")", "$NR_OPEN)",
		fmt.Sprintf("hard limit %d", hardMessageQueue(t)), "hard limit $MSGQUEUE",
	).Replace(err.Error())
}

func hardMessageQueue(t *testing.T) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MSGQUEUE, &l); err != nil {
		t.Fatal(err)
	}
	return l.Max
}

// forOthers are permissions that exclude whoever runs the stage of a case: nobody,
// who for root is another user, and otherwise the owner itself.
func forOthers() os.FileMode {
	if os.Geteuid() == 0 {
		return 0o700
	}
	return 0o077
}

// failureFiles makes everything that cannot be run.
func failureFiles(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stage") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	elf := func(machine byte, interpreter string) string { return elfFile(machine, interpreter) }
	other := byte(183)
	if testArch == "arm64" {
		other = 62
	}
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"plain", "#!/bin/sh\n", 0o644},
		{"no-interpreter", "#! /opt/no/such/python -u\n", 0o755},
		{"carriage-return", "#!/bin/sh\r\necho\r\n", 0o755},
		{"weak-interpreter", "#!" + dir + "/plain\n", 0o755},
		{"no-shebang", "echo hello\n", 0o755},
		{"empty-shebang", "#!\n", 0o755},
		{"empty", "", 0o755},
		{"noise", "\x00\x01\x02\x03 noise", 0o755},
		{"other-machine", elf(other, ""), 0o755},
		{"no-loader", elf(testMachine, "/lib/no-such-loader.so"), 0o755},
		{"private", "#!/bin/sh\n", forOthers()},
		{"busy", "#!/bin/sh\n", 0o755},
	} {
		writeScript(t, filepath.Join(dir, f.name), f.text, f.mode)
	}
	closed := filepath.Join(dir, "closed")
	for _, folder := range []string{filepath.Join(dir, "folder"), closed} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeScript(t, filepath.Join(closed, "app"), "#!/bin/sh\n", 0o755)
	if err := os.Chmod(closed, forOthers()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(closed, 0o700) })
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o755); err != nil {
		t.Fatal(err)
	}
	busy, err := os.OpenFile(filepath.Join(dir, "busy"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	return dir
}
