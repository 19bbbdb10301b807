package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestForCommand(t *testing.T) {
	c, err := ForCommand(CommandLine{
		Listen:    []string{"web=tcp://127.0.0.1:8080", "unix:///run/a=b.sock", "udp://:53", "extra=tcp6://[::1]:81"},
		Backlog:   64,
		Workers:   3,
		Command:   []string{"/opt/my app/serve it!", "--fd=${listener.web.fd}", "${9000 + worker.index}", "$${plain}", "a  b", ""},
		Directory: "sub",
	}, host())
	if err != nil {
		t.Fatal(err)
	}
	here, err := pathsOf("", "linux")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Services[0]
	resolved, err := s.Resolve(scope(c, s))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/opt/my app/serve it!", "--fd=3", "9001", "${plain}", "a  b", ""}
	if diff := cmp.Diff(want, resolved.Command); diff != "" {
		t.Error(diff)
	}
	if resolved.Directory != here.folder+"/sub" {
		t.Error(resolved.Directory)
	}
	if diff := cmp.Diff([]string{"web", "serve-it-", "serve-it--2", "extra"}, s.Listeners); diff != "" {
		t.Error(diff)
	}
	if s.Name != "serve-it-" || s.Workers != 3 || s.Where != "command" || c.Path != "" {
		t.Errorf("%+v", s)
	}
	for i, backlog := range []int{64, 64, 0, 64} { // udp has none
		if got := c.Listeners[i]; got.Backlog != backlog {
			t.Errorf("%s has a backlog of %d", got.Name, got.Backlog)
		}
	}
	if got := c.Listeners[1]; got.Address.Path != "/run/a=b.sock" || got.Where != "--listen unix:///run/a=b.sock" {
		t.Errorf("%+v", got)
	}
}

// Everything that is not given is as in a file.
func TestForCommandDefaults(t *testing.T) {
	c, err := ForCommand(CommandLine{Command: []string{"./app"}}, host())
	if err != nil {
		t.Fatal(err)
	}
	file := mustParse(t, "service \"app\" {\n  command = [\"./app\"]\n}\n", host())
	for _, both := range [][2]*Config{{c, file}} {
		a, b := *both[0].Services[0], *both[1].Services[0]
		a.Where, b.Where = "", ""
		a.Source, b.Source = nil, nil
		a.Listeners, b.Listeners = nil, nil
		if diff := cmp.Diff(a, b, cmp.FilterPath(func(p cmp.Path) bool {
			f, ok := p.Last().(cmp.StructField)
			return ok && f.Name()[0] >= 'a'
		}, cmp.Ignore())); diff != "" {
			t.Error(diff)
		}
	}
}

func TestServiceName(t *testing.T) {
	tests := []struct{ program, want string }{
		{`C:\app.exe`, "C--app.exe"}, {"./app", "app"}, {"/usr/bin/python3.12", "python3.12"}, {"my app", "my-app"}, {"-x", "x"}, {"...", "app"}, {"/", "app"},
		{"naïve", "na-ve"}, {"${env.HOME}/bin/x", "x"}, {"", "app"}, {"a:b", "a-b"},
	}
	for _, test := range tests {
		if got := (paths{}).serviceName([]string{test.program}); got != test.want || badName(got) != "" {
			t.Errorf("%q: got %q, want %q", test.program, got, test.want)
		}
	}
	for program, want := range map[string]string{`C:\my app.exe`: "my-app", "bin/app.exe": "app", "C:app.bat": "app.bat", `\\host\share`: "app", "": "app"} {
		if got := (paths{windows: true}).serviceName([]string{program}); got != want || badName(got) != "" {
			t.Errorf("%q: got %q, want %q", program, got, want)
		}
	}
}

func TestForCommandErrors(t *testing.T) {
	tests := []struct {
		name string
		line CommandLine
	}{
		{"nothing", CommandLine{}},
		{"addresses", CommandLine{Listen: []string{"web=tcp//:8080", ":80", "web=localhost:80", "=tcp://:1", "a b=tcp://:2"}, Command: []string{"x"}}},
		{"names", CommandLine{Listen: []string{"web=tcp://:80", "web=tcp://:81", "unknown=tcp://:82"}, Command: []string{"x"}}},
		{"conflict", CommandLine{Listen: []string{"tcp://:80", "tcp4://127.0.0.1:80"}, Command: []string{"x"}}},
		{"numbers", CommandLine{Listen: []string{"tcp://:80"}, Backlog: -1, Workers: 5000, Command: []string{"x"}}},
		{"templates", CommandLine{Listen: []string{"web=tcp://:80"}, Command: []string{"x", "${listener.wbe.fd}", "${", "${env.NOWHERE}", "${worker.id}"}}},
		{"empty", CommandLine{Command: []string{""}}},
		{"deep", CommandLine{Command: []string{"x", "${((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := ForCommand(test.line, host())
			if err == nil {
				t.Fatalf("there is no error, but %+v", c)
			}
			golden(t, "testdata/command/"+test.name+".golden", err.Error()+"\n")
		})
	}
}

// A preset and dialects of the command line are those of a file.
func TestForCommandPreset(t *testing.T) {
	c, err := ForCommand(CommandLine{
		Listen: []string{"web=tcp://127.0.0.1:8000"}, Preset: "uvicorn", Command: []string{"uvicorn", "--fd", "${listener.web.fd}", "app:app"},
	}, host())
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Services[0]; s.Ready.When != "log" || s.Preset != "uvicorn" || len(c.Warnings) > 0 {
		t.Errorf("%+v %s", s, c.Warnings)
	}
	c, err = ForCommand(CommandLine{
		Listen: []string{"web=tcp://:8000"}, Preset: "nginx", Handoff: []string{"nginx", "systemd"}, Command: []string{"nginx"},
	}, host())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"nginx", "systemd"}, c.Services[0].Handoff); diff != "" {
		t.Error(diff)
	}
	golden(t, "testdata/command/traps.golden", strings.Join(c.Warnings, "\n\n")+"\n")
	_, err = ForCommand(CommandLine{Preset: "nginks", Handoff: []string{"systemd", "magic"}, Command: []string{"nginx"}}, host())
	golden(t, "testdata/command/preset.golden", err.Error()+"\n")
}
