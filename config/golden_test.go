package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of this package")

// host is the machine that all tests here see.
func host() Host {
	return Host{System: "linux", Environ: []string{"HOME=/home/ada", "PORT=8088", "NAME=web", "GREETING=hallo=welt", "LOGNAME=ada"}, CPUs: 4}
}

// folder is where the configuration files of tests seem to be.
const folder = "/etc/supervise"

func parseFile(t *testing.T, path string) (*Config, error) {
	t.Helper()
	return parseFor(t, path, host())
}

func parseFor(t *testing.T, path string, h Host) (*Config, error) {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	drive := ""
	if h.System == "windows" {
		drive = "Q:"
	}
	return Parse(drive+folder+"/"+filepath.Base(path), src, h)
}

// files gives the configuration files of a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("testdata", folder))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".golden" {
			found = append(found, filepath.Join("testdata", folder, e.Name()))
		}
	}
	return found
}

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got; -update writes it):\n%s", path, diff)
	}
}

func TestBadFiles(t *testing.T) {
	for _, path := range files(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := parseFile(t, path)
			if err == nil {
				t.Fatal("there is no error")
			}
			checkText(t, err)
			golden(t, path+".golden", err.Error()+"\n")
		})
	}
}

// checkText holds every diagnostic to what all have in common.
func checkText(t *testing.T, err error) {
	t.Helper()
	problems, ok := err.(*Error)
	if !ok || len(problems.Problems) == 0 {
		t.Fatalf("%T has no problems", err)
	}
	for _, p := range problems.Problems {
		if !strings.HasPrefix(p.Text, "cannot ") {
			t.Errorf("does not begin with cannot: %s", p.Text)
		}
		if p.File == "" {
			t.Errorf("has no file: %s", p.Text)
		}
		if (p.Line > 0) != (p.Excerpt != "") {
			t.Errorf("line %d, but excerpt %q", p.Line, p.Excerpt)
		}
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("line %d has control characters: %q", i+1, line)
		}
	}
}

// dump prints what others see of a configuration, with what its first worker would run; what is not given is left out.
func dump(t *testing.T, c *Config) string {
	t.Helper()
	workers := map[string]any{}
	for _, s := range c.Services {
		resolved, err := s.Resolve(scope(c, s))
		if err != nil {
			t.Fatal(err)
		}
		workers[s.Name] = resolved
	}
	text, err := json.Marshal(map[string]any{"Config": c, "Workers": workers})
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(prune(tree)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// prune takes null and "" out of objects, and what is empty then.
func prune(v any) any {
	switch t := v.(type) {
	case map[string]any:
		for key, value := range t {
			if t[key] = prune(value); t[key] == nil {
				delete(t, key)
			}
		}
		if len(t) == 0 {
			return nil
		}
	case []any:
		for i, value := range t {
			t[i] = prune(value)
		}
	case string:
		if t == "" {
			return nil
		}
	}
	return v
}

// scope is what a supervisor would give to worker 1 of generation 7.
func scope(c *Config, s *Service) Scope {
	values := map[string]ListenerValue{}
	for _, l := range c.Listeners {
		v := ListenerValue{FD: -1, Address: l.Address.String(), Host: l.Address.Host, Port: int(l.Address.Port), Path: l.Address.Path}
		if i := slices.Index(s.Listeners, l.Name); i >= 0 {
			v.FD = 3 + i
		}
		if v.Port == 0 && v.Path == "" {
			v.Port = 40000
		}
		values[l.Name] = v
	}
	return Scope{
		Listeners: values, Service: s.Name, Generation: 7, Worker: min(1, max(0, s.Workers-1)), RuntimeDir: "/run/supervise/app.7.1",
		Environ: host().Environ, CPUs: host().CPUs,
	}
}

func TestGoodFiles(t *testing.T) {
	for _, path := range files(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := parseFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Warnings) > 0 {
				t.Errorf("warnings: %s", c.Warnings)
			}
			golden(t, path+".golden", dump(t, c))
		})
	}
}

func TestWarnings(t *testing.T) {
	for _, path := range files(t, "warning") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := parseFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, path+".golden", strings.Join(c.Warnings, "\n\n")+"\n")
		})
	}
}
