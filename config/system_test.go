package config

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestSystems has a golden file for each system of each file: what is wrong with it there, or what it is there.
func TestSystems(t *testing.T) {
	for _, path := range files(t, "system") {
		for _, system := range []string{"linux", "windows", "darwin", "freebsd"} {
			t.Run(filepath.Base(path)+"/"+system, func(t *testing.T) {
				h := host()
				h.System = system
				c, err := parseFor(t, path, h)
				if err != nil {
					checkText(t, err)
					golden(t, path+"."+system+".golden", err.Error()+"\n")
					return
				}
				if c.System != system {
					t.Errorf("it is for %s", c.System)
				}
				golden(t, path+"."+system+".golden", outline(t, c))
			})
		}
	}
}

// outline prints what differs between systems, and the warnings.
func outline(t *testing.T, c *Config) string {
	t.Helper()
	checkConfig(t, c)
	var b strings.Builder
	for _, l := range c.Listeners {
		fmt.Fprintf(&b, "listener %s %s, options %s\n", l.Name, l.Address, strings.Join(givenOptions(l), " "))
	}
	for _, s := range c.Services {
		resolved, err := s.Resolve(scope(c, s))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "service %s %q in %s, handoff %s, ready %s, stop %s, output %s, environment %s\n",
			s.Name, resolved.Command, resolved.Directory, s.Handoff, s.Ready.When, s.Stop.Signal, s.Output, s.EnvironmentFiles)
	}
	if c.Control.Address.Network != "" {
		fmt.Fprintf(&b, "control %s\n", c.Control.Address)
	}
	for _, w := range c.Warnings {
		b.WriteString("\n" + w + "\n")
	}
	return b.String()
}

func givenOptions(l *Listener) []string {
	var names []string
	for _, name := range optionNames {
		if l.written[name].text != "" {
			names = append(names, name)
		}
	}
	return names
}

// Every name of the table is one of the language, and everything that is not Linux's has an advice.
func TestSystemTable(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, f := range systemTable {
		for _, name := range strings.Fields(f.names) {
			if name != "*" && !slices.Contains(namesOf(t, f.kind), name) {
				t.Errorf("there is no %q of %q", name, f.kind)
			}
			if key := [2]string{f.kind, name}; seen[key] || seen[[2]string{f.kind, "*"}] {
				t.Errorf("%q of %q is there twice, or after all others", name, f.kind)
			} else {
				seen[key] = true
			}
		}
		for system, s := range f.on {
			if system != "unix" && !slices.Contains(Systems(), system) {
				t.Errorf("%s %s: there is no system %q", f.kind, f.names, system)
			}
			if (s.how == absent || s.how == ignored) == (s.cause == "") || s.how == absent && s.advice == "" || (s.how == differs || s.how == renamed) == (s.text == "") {
				t.Errorf("%s %s on %s: %+v", f.kind, f.names, system, s)
			}
		}
	}
}

// namesOf are the attributes of a block, or the values of an attribute.
func namesOf(t *testing.T, kind string) []string {
	t.Helper()
	var schemes []string
	for _, network := range networks {
		schemes = append(schemes, network+"://", network+"://@")
	}
	var programs []string
	for _, p := range presets() {
		programs = append(programs, p.Name)
	}
	values := map[string][]string{
		"": shapes[""].blocks, "listener.address": schemes, "control.address": schemes, "service.preset": programs, "service.handoff": handoffs,
		"ready.when": readyKinds, "stop.signal": signals[1:], "listener.sharing": {"all", "generation", "worker"},
	}[kind]
	if values == nil {
		values = shapes[kind].attributes
	}
	if values == nil {
		t.Errorf("there is no %q", kind)
	}
	return values
}

func TestParseSystem(t *testing.T) {
	for text, want := range map[string]string{
		"linux": "linux", "Windows": "windows", "macOS": "darwin", "freebsd": "freebsd", "": "", "beos": "",
	} {
		got, err := ParseSystem(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := ParseSystem("beos"); err == nil || err.Error() != `cannot check for system "beos": there are linux, windows, darwin, freebsd, netbsd, openbsd, dragonfly` {
		t.Error(err)
	}
	for system, want := range map[string]string{"linux": "Linux", "darwin": "macOS", "plan9": "plan9"} {
		if got := SystemName(system); got != want {
			t.Errorf("%s is called %s", system, got)
		}
	}
}

// Without a word of the system, it is this one; Source remembers it.
func TestOwnSystem(t *testing.T) {
	const text = "service \"app\" {\n  command = [\"./app\"]\n}\n"
	c, err := Parse("app.hcl", []byte(text), Host{})
	if err != nil || c.System != runtime.GOOS {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, system := range Systems() {
		c := mustParse(t, text, Host{System: system})
		again, err := c.Source.Parse(nil)
		if err != nil || again.System != system || !slices.Equal(again.Services[0].Handoff, defaultHandoff(system)) {
			t.Errorf("%s: %+v, %v", system, again, err)
		}
	}
}

// On Windows a variable is found whatever its case, as its programs find it.
func TestWindowsEnvironment(t *testing.T) {
	const text = "service \"app\" {\n  command = [\"./app\", env.PATH, env.Path]\n  workers = try(env.WORKERS, 1)\n}\n"
	environ := []string{"Path=C:\\bin", "workers=3"}
	c := mustParse(t, text, Host{System: "windows", Environ: environ})
	resolved, err := c.Services[0].Resolve(Scope{Environ: environ})
	if err != nil || !slices.Equal(resolved.Command[1:], []string{`C:\bin`, `C:\bin`}) || c.Services[0].Workers != 3 {
		t.Errorf("%+v, %v, %d workers", resolved, err, c.Services[0].Workers)
	}
	if _, err := Parse("app.hcl", []byte(text), Host{System: "linux", Environ: environ}); err == nil {
		t.Error("PATH is found on Linux")
	}
}

// The example of each preset is for Linux; Windows has those whose programs can be given a handle.
func TestPresetsOfSystems(t *testing.T) {
	for _, p := range presets() {
		for system, works := range map[string]bool{"linux": true, "windows": p.Name == "go" || p.Name == "python"} {
			_, err := Parse("app.hcl", []byte(p.Example()), Host{System: system})
			if (err == nil) != works || err != nil && len(err.(*Error).Problems) != 1 {
				t.Errorf("%s on %s: %v", p.Name, system, err)
			}
		}
	}
}
