package stage

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"
)

var update = flag.Bool("update", false, "write the golden files")

// place is a folder with files of each kind that the tests need.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pe := make([]byte, 128)
	copy(pe, "MZ")
	pe[0x3c] = 64
	copy(pe[64:], "PE\x00\x00\x64\xaa")
	for name, content := range map[string]string{
		"app.exe": "MZ", "app.bat": "", "only.cmd": "", "plain.txt": "", "noext": "", "folder/app.exe": "MZ", "folder.exe/x": "", "run me.bat": "",
		"empty.exe": "", "linux.exe": "\x7fELF", "script.exe": "#!/bin/sh\n", "text.exe": "hello", "arm.exe": string(pe), "damaged.exe": "MZ and then nothing",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLaunchFinds(t *testing.T) {
	dir := place(t)
	path := func(parts ...string) []string { return []string{"Path=" + strings.Join(parts, ";")} }
	tests := []struct {
		command string
		env     []string
		want    string
	}{
		{`.\app`, nil, `app.exe`},
		{`./app.exe`, nil, `app.exe`},
		{`.\app.bat`, nil, `app.bat`},
		{`folder\app`, nil, `folder\app.exe`},
		{dir + `\app`, nil, `app.exe`},
		{dir[2:] + `\app`, nil, `app.exe`}, // on the drive of the directory
		{`app`, path(`C:\none`, "", dir), `app.exe`},
		{`app`, path(`folder`, dir), `folder\app.exe`},
		{`app.bat`, path(dir), `app.bat`},
		{`only`, path(dir), `only.cmd`},
		{`plain.txt`, path(dir), `plain.txt`},
		{`app`, append(path(dir), "PATHEXT=.BAT;.EXE"), `app.bat`},
		{`app`, append(path(dir), "PATHEXT=.PY"), `app.exe`},
	}
	for _, tt := range tests {
		s := search{directory: dir, env: tt.env}
		got, err := s.find(tt.command)
		if err != nil || !strings.EqualFold(got, filepath.Join(dir, tt.want)) {
			t.Errorf("%s with %q: %s, %v", tt.command, tt.env, got, err)
		}
	}
}

func TestLaunch(t *testing.T) {
	dir := place(t)
	t.Setenv("SYSTEMROOT", `C:\windows`)
	nice := 5
	l, err := Plan{Command: []string{`.\app`, "a b", `c"d`, `e\`}, Env: []string{"b=1", "A=ä"}, Directory: dir, Nice: &nice}.Launch()
	if err != nil {
		t.Fatal(err)
	}
	want := Launch{
		File: filepath.Join(dir, "app.exe"), CommandLine: `.\app "a b" c\"d e\`, Directory: dir,
		Env: utf16.Encode([]rune("A=ä\x00b=1\x00SYSTEMROOT=C:\\windows\x00\x00")), Priority: windows.BELOW_NORMAL_PRIORITY_CLASS, named: `.\app`,
	}
	if diff := cmp.Diff(want, *l, cmp.AllowUnexported(Launch{})); diff != "" {
		t.Error(diff)
	}
	l, err = Plan{Command: []string{`.\run me`, "a b"}, Env: []string{`SystemRoot=D:\win`}, Directory: dir}.Launch()
	if err != nil {
		t.Fatal(err)
	}
	if want := `D:\win\System32\cmd.exe /d /v:off /s /c ""` + dir + `\run me.bat" "a b""`; l.CommandLine != want || l.File != `D:\win\System32\cmd.exe` {
		t.Errorf("%s runs %s, want %s", l.File, l.CommandLine, want)
	}
}

func TestPriorityClass(t *testing.T) {
	if got := priorityClass(nil); got != 0 {
		t.Errorf("without nice: %#x", got)
	}
	for nice, want := range map[int]uint32{
		-20: windows.HIGH_PRIORITY_CLASS, -11: windows.HIGH_PRIORITY_CLASS, -10: windows.ABOVE_NORMAL_PRIORITY_CLASS, -1: windows.ABOVE_NORMAL_PRIORITY_CLASS,
		0: windows.NORMAL_PRIORITY_CLASS, 1: windows.BELOW_NORMAL_PRIORITY_CLASS, 10: windows.BELOW_NORMAL_PRIORITY_CLASS, 11: windows.IDLE_PRIORITY_CLASS,
	} {
		if got := priorityClass(&nice); got != want {
			t.Errorf("nice %d is %#x, want %#x", nice, got, want)
		}
	}
}

// Every failure as a user reads it.
func TestLaunchFailures(t *testing.T) {
	dir := place(t)
	one, five := uint32(1), 5
	at := func(command ...string) Plan {
		return Plan{Command: command, Directory: dir, Env: []string{`PATH=C:\none`}}
	}
	plans := []Plan{
		{}, {Command: []string{"app"}, Env: []string{`PATH=C:\none;D:\`}}, {Command: []string{"app"}, Env: []string{`SYSTEMROOT=C:\none`}},
		at(`.\none`), at(`folder\none.exe`), at(`C:\none\app.exe`), at(`.\folder`), at(`.\plain`), at(`.\noext`), at(`.\a*b`),
		{Command: []string{"x"}, Directory: dir + `\none`}, {Command: []string{"x"}, Directory: dir + `\app.exe`},
		at("only\x00"), {Command: []string{"x"}, Env: []string{"novalue"}},
		at(`.\app.bat`, "%PATH%"), at(`.\only.cmd`, `a"b`), at(`.\only.cmd`, `a b\`),
		{Command: []string{"x"}, UID: &one}, {Command: []string{"x"}, GID: &one}, {Command: []string{"x"}, Groups: []uint32{1}}, {Command: []string{"x"}, Umask: &one},
		{Command: []string{"x"}, Limits: []Limit{{Resource: "nofile"}}}, {Command: []string{"x"}, OOMScoreAdjust: &five}, {Command: []string{"x"}, NoNewPrivileges: true},
		{Command: []string{"x"}, Parent: &Parent{}}, {Command: []string{"x"}, OwnPID: []string{"LISTEN_PID"}}, {Command: []string{"x"}, Numbers: []int{3}, Adopt: &Adopt{Number: 3}},
	}
	var all strings.Builder
	for _, p := range plans {
		_, err := p.Launch()
		if _, ok := err.(*Failure); !ok {
			t.Errorf("%+v: %v is no failure", p, err)
			continue
		}
		all.WriteString(err.Error() + "\n")
	}
	for _, errno := range []windows.Errno{
		windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_ACCESS_DENIED, windows.ERROR_DIRECTORY, windows.ERROR_FILENAME_EXCED_RANGE,
		windows.ERROR_ELEVATION_REQUIRED, windows.ERROR_SHARING_VIOLATION, windows.ERROR_VIRUS_INFECTED, windows.ERROR_ACCESS_DISABLED_BY_POLICY,
	} {
		l := Launch{File: filepath.Join(dir, "app.exe"), Directory: dir, named: "app"}
		all.WriteString(l.Explain(errno).Error() + "\n")
	}
	for _, file := range []string{"empty", "linux", "script", "text", "arm", "damaged", "gone"} {
		l := Launch{File: filepath.Join(dir, file+".exe"), named: file}
		all.WriteString(l.Explain(windows.ERROR_BAD_EXE_FORMAT).Error() + "\n")
	}
	l := Launch{File: filepath.Join(dir, "folder.exe"), named: "folder"}
	all.WriteString(l.Explain(windows.ERROR_ACCESS_DENIED).Error() + "\n")
	golden(t, "failures_windows.golden", strings.NewReplacer(strings.ReplaceAll(dir, `\`, `\\`), "$DIR", dir, "$DIR").Replace(all.String()))
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
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}

// No bytes of a file make explaining it fail.
func FuzzImageOf(f *testing.F) {
	for _, seed := range []string{"", "MZ", "#!", "\x7fELF", "MZ" + strings.Repeat("\xff", 100)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if imageOf(head) == "" {
			t.Error("it says nothing")
		}
	})
}
