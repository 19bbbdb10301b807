package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every preset is complete, and its words are those of the language.
func TestPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Presets() {
		t.Run(p.Name, func(t *testing.T) {
			if seen[p.Name] || badName(p.Name) != "" || p.About == "" || len(p.Needs) == 0 {
				t.Errorf("%+v", p)
			}
			seen[p.Name] = true
			if len(p.Handoff) == 0 || !slices.Contains(readyKinds, p.Ready) {
				t.Errorf("handoff %q, ready %q", p.Handoff, p.Ready)
			}
			if (p.Ready == "log") != (p.Pattern != "") {
				t.Errorf("ready %q with the pattern %q", p.Ready, p.Pattern)
			}
			if p.PIDFile != "" && !strings.Contains(strings.Join(p.Command, " "), p.PIDFile) {
				t.Errorf("the command has no %s", p.PIDFile)
			}
			for _, trap := range p.Traps {
				checkTrap(t, trap)
			}
			for _, s := range p.Needs {
				if !strings.HasSuffix(s, ".") {
					t.Errorf("no sentence: %s", s)
				}
			}
		})
	}
	for alias, name := range presetAliases {
		if _, known := presetOf(name); !known || seen[alias] {
			t.Errorf("the alias %s of %s", alias, name)
		}
	}
}

func checkTrap(t *testing.T, trap Trap) {
	t.Helper()
	if trap.Text == "" || trap.When() == "" || trap.when.holds == nil {
		t.Errorf("%+v", trap)
	}
	if strings.HasSuffix(trap.Text, ".") || !strings.HasSuffix(trap.Advice, ".") {
		t.Errorf("%q, %q: the text has no point, the advice has one", trap.Text, trap.Advice)
	}
	if _, err := regexp.Compile(trap.Text); err == nil && strings.Contains(trap.Text, "%!") {
		t.Errorf("%q is no text", trap.Text)
	}
}

// The example of every preset is a configuration without a warning, and gets what the preset says.
func TestPresetExamples(t *testing.T) {
	for _, p := range Presets() {
		t.Run(p.Name, func(t *testing.T) {
			c, err := Parse("/etc/supervise/app.hcl", []byte(p.Example()), host())
			if err != nil {
				t.Fatalf("%v\n%s", err, p.Example())
			}
			if len(c.Warnings) > 0 {
				t.Errorf("%s\n%s", c.Warnings, p.Example())
			}
			s := c.Services[0]
			if !slices.Equal(s.Handoff, p.Handoff) || s.Ready.When != p.Ready || s.Stop.Signal != p.Signal || s.Preset != p.Name {
				t.Errorf("%+v", s)
			}
			resolved, err := s.Resolve(scope(c, s))
			if err != nil || resolved.Pattern != p.Pattern {
				t.Errorf("%+v %v", resolved, err)
			}
		})
	}
}

// What the service says itself wins, and the rest stays the preset's.
func TestPresetIsDefault(t *testing.T) {
	const text = `
listener "web" { address = "tcp://127.0.0.1:80" }
service "app" {
  command   = ["uvicorn", "--fd", "${listener.web.fd}"]
  listeners = ["web"]
  preset    = "uvicorn"
  handoff   = ["systemd"]
  %s
}`
	tests := []struct {
		name, line, when, pattern, signal string
		timeout                           time.Duration
	}{
		{"nothing", "", "log", "Uvicorn running on", "SIGTERM", 30 * time.Second},
		{"another pattern", `ready { pattern = "ready ${worker.index}" }`, "log", "ready 0", "SIGTERM", 30 * time.Second},
		{"another kind", `ready { when = "auto" }`, "auto", "", "SIGTERM", 30 * time.Second},
		{"more", "ready { timeout = \"1m\" }\n stop { signal = \"INT\" }", "log", "Uvicorn running on", "SIGINT", time.Minute},
		{"another preset", `preset = null`, "auto", "", "SIGTERM", 30 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			written := strings.Replace(text, "%s", test.line, 1)
			if strings.HasPrefix(test.line, "preset") {
				written = strings.Replace(written, `preset    = "uvicorn"`, "", 1)
			}
			s := mustParse(t, written, host()).Services[0]
			resolved, err := s.Resolve(Scope{Service: "app", Listeners: map[string]ListenerValue{"web": {FD: 3}}})
			if err != nil {
				t.Fatal(err)
			}
			if s.Ready.When != test.when || resolved.Pattern != test.pattern || s.Stop.Signal != test.signal || s.Ready.Timeout != test.timeout {
				t.Errorf("%+v, pattern %q, %+v", s.Ready, resolved.Pattern, s.Stop)
			}
			if !slices.Equal(s.Handoff, []string{"systemd"}) {
				t.Error(s.Handoff)
			}
		})
	}
}

// nginx tries for 2.5 s to bind, and ends then: it must not count as ready before.
func TestPresetSettle(t *testing.T) {
	const text = "service \"app\" {\n  command = [\"nginx\"]\n  preset = \"nginx\"\n  %s\n}\n"
	for line, want := range map[string]time.Duration{
		"": 4 * time.Second, `ready { settle = "1s" }`: time.Second, `ready { timeout = "1m" }`: 4 * time.Second,
	} {
		if got := mustParse(t, strings.Replace(text, "%s", line, 1), host()).Services[0].Ready.Settle; got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	for _, p := range Presets() {
		if d, err := time.ParseDuration(p.Settle); p.Settle != "" && (err != nil || d < time.Second || p.Ready != "auto") {
			t.Errorf("%s: settle %q of %q", p.Name, p.Settle, p.Ready)
		}
	}
}

// A preset that is written down is shown in a difference with everything that it changes.
func TestPresetDiff(t *testing.T) {
	const before = "service \"app\" {\n  command = [\"nginx\"]\n}\n"
	old := mustParse(t, before, host())
	next := mustParse(t, strings.Replace(before, "\n}", "\n  preset = \"nginx\"\n}", 1), host())
	want := `~ service "app"
  ~ handoff = [systemd einhorn server-starter] → [nginx]
  + preset = "nginx"
  ~ ready.settle = 1s → 4s
  ~ stop.signal = SIGTERM → SIGQUIT`
	if got := Diff(old, next).String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

// The data is what a script reads, and callers may change their copy.
func TestPresetJSON(t *testing.T) {
	text, err := json.Marshal(Presets()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"name":"nginx"`, `"handoff":["nginx"]`, `"stop_signal":"SIGQUIT"`, `"pid_file":"${worker.runtime_dir}/nginx.pid"`, `"when":"a listener like tcp`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	Presets()[0].Handoff[0] = "x"
	if Presets()[0].Handoff[0] != "nginx" {
		t.Error("the table can be changed")
	}
}
