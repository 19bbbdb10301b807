package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// FuzzParse: never a panic; an error has a text; what is accepted can be resolved, compared with itself and read again.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"good", "bad", "warning", "system"} {
		entries, err := os.ReadDir(filepath.Join("testdata", folder))
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			src, err := os.ReadFile(filepath.Join("testdata", folder, e.Name()))
			if err != nil {
				f.Fatal(err)
			}
			if ext := filepath.Ext(e.Name()); ext != ".golden" && len(src) < 10_000 {
				f.Add(src, ext == ".json", false)
				f.Add(src, ext == ".json", true)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, isJSON, windows bool) {
		filename := "/etc/supervise/app.hcl"
		if isJSON {
			filename = "/etc/supervise/app.json"
		}
		in := host()
		if windows {
			in.System = "windows"
		}
		c, err := Parse(filename, src, in)
		if err != nil {
			if problems := err.(*Error); len(problems.Problems) == 0 || problems.Error() == "" {
				t.Fatal("an error without a problem")
			}
			return
		}
		checkConfig(t, c)
		again, err := Parse(filename, src, in)
		if err != nil {
			t.Fatal(err)
		}
		if changes := Diff(c, again); !changes.Empty() {
			t.Fatalf("the same file differs:\n%s", changes)
		}
	})
}

// checkConfig holds a configuration to what the other packages rely on.
func checkConfig(t *testing.T, c *Config) {
	t.Helper()
	for _, l := range c.Listeners {
		if badName(l.Name) != "" || l.Address.Network == "" || l.Where == "" || l.Backlog < 0 {
			t.Fatalf("%+v", l)
		}
		if from := l.TakeFrom; from != nil {
			if again, err := ParseTakeFrom(from.String()); err != nil || again != *from {
				t.Fatalf("%+v is written %q and read %+v, %v", from, from, again, err)
			}
		}
		if l.Address.hasFile() && !absoluteIn(c, l.Address.Path) {
			t.Fatalf("the path is not absolute: %+v", l.Address)
		}
		if a, err := ParseAddress(l.Address.String()); err != nil || a != l.Address {
			t.Fatalf("%+v is written %q and read %+v, %v", l.Address, l.Address, a, err)
		}
	}
	for _, s := range c.Serves {
		if badName(s.Name) != "" || s.Address.Network != "unix" || len(s.Listeners) == 0 || c.Serve(s.Name) != s {
			t.Fatalf("%+v", s)
		}
		checkNames(t, c, s.Listeners)
	}
	for _, s := range c.Services {
		checkNames(t, c, s.Listeners)
		if _, known := presetOf(s.Preset); len(s.Handoff) > len(handoffs) || s.Preset != "" && !known {
			t.Fatalf("%+v", s)
		}
		if _, ok := SignalNumber(s.Stop.Signal); !ok {
			t.Fatalf("there is no signal %q", s.Stop.Signal)
		}
		// Like the scope in which Load has tried.
		for worker := range min(2, max(1, s.Workers)) {
			in := scope(c, s)
			in.Generation, in.Worker = 1, worker*(s.Workers-1)
			resolved, err := s.Resolve(in)
			if err != nil && !dependsOnWorker(s) {
				t.Fatal(err)
			}
			if err == nil && (len(resolved.Command) == 0 || !absoluteIn(c, resolved.Directory)) {
				t.Fatalf("%+v", resolved)
			}
		}
	}
}

// absoluteIn is whether a path does not depend on the working folder. A file that is checked for Windows elsewhere is on no drive.
func absoluteIn(c *Config, path string) bool {
	p := paths{windows: c.System == "windows"}
	return p.isAbs(path) || p.windows && runtime.GOOS != "windows" && strings.HasPrefix(path, `\`)
}

func checkNames(t *testing.T, c *Config, names []string) {
	t.Helper()
	for _, name := range names {
		if c.Listener(name) == nil {
			t.Fatalf("there is no listener %q", name)
		}
	}
}

// dependsOnWorker says whether a value could be fine for Load and wrong for a worker: ["a"][listener.web.fd - 3].
func dependsOnWorker(s *Service) bool {
	return s.late.needs.worker || len(s.late.needs.listeners) > 0
}

// FuzzPath: a path that is made absolute is absolute, and stays what it is.
func FuzzPath(f *testing.F) {
	for _, text := range []string{
		"", "a", "../a", "/a/./b", "//a//b", `a\b`, `C:\a`, "C:/a", "C:a", `\\s\h\a`, "//s/h", `\\s`, `\\?\C:\a`, `\\.\pipe\a`, "a:b", "a*", "\x00", "C:", `C:\..\..`,
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, windows bool) {
		p := paths{windows: windows, folder: "/etc/supervise"}
		if windows {
			p.folder = `Z:\etc`
		}
		full, r := p.absolute(text)
		if r != nil {
			if r.cause == "" || r.advice == "" {
				t.Fatalf("%+v", r)
			}
			return
		}
		again, r := p.absolute(full)
		if r != nil || again != full || !p.isAbs(full) {
			t.Fatalf("%q is %q, and that is %q, %+v", text, full, again, r)
		}
		_, _ = p.base(text), p.dir(text)
	})
}

// FuzzAddress: what is accepted is written so that it is read as the same again.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{
		"tcp://:8080", "tcp://[::1]:0", "tcp4://127.0.0.1:80", "tcp6://[fe80::1%eth0]:80", "udp://0.0.0.0:53", "unix:///run/a.sock",
		"unix://@a", "unixgram://a/b", "vsock://2:5000", "fifo:///run/a", "pipe://app", `pipe://\\.\pipe\app`, "tcp//:8080", ":80", "http://localhost:80/", "tcp://[::ffff:1.2.3.4]:1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			if a != (Address{}) || err.Error() == "" {
				t.Fatalf("%+v beside %v", a, err)
			}
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("%q is %+v, written %q, read %+v, %v", text, a, a, again, err)
		}
		if a.isPath() != (a.Path != "") || a.isPath() && (a.Host != "" || a.Port != 0) || strings.ContainsRune(a.Path, 0) {
			t.Fatalf("%q is %+v", text, a)
		}
		_ = conflict(&Listener{Address: a}, &Listener{Address: a})
	})
}

// FuzzEnvironmentFile: never a panic; what is accepted can be given to a process.
func FuzzEnvironmentFile(f *testing.F) {
	for _, text := range []string{
		"", "A=1\n", "# c\nA=\"b\\\"c\"\n", "A='b'\"c\"d\n", "A=b\\\nc\n", "A", "=", "A=\"", "A=\\", "\r\nA=1\r\n", ";\nA = b \n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		r := &report{files: map[string][]byte{"app.env": src}}
		into := map[string]string{}
		r.parseEnvironment("app.env", src, into)
		if err := r.err(); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
		for name, value := range into {
			if badVariable(name, value) != "" || strings.ContainsAny(name, "=\n\x00") {
				t.Fatalf("%q=%q", name, value)
			}
		}
	})
}
