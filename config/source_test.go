package config

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// again sends a source through JSON and parses it.
func again(t *testing.T, s *Source, environ []string) *Config {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Source
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	c, err := back.Parse(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSourceMakesTheSame(t *testing.T) {
	environ := []string{"PORT=8123"}
	file := filepath.Join(t.TempDir(), "app.hcl")
	first, err := Parse(file, []byte(`
listener "web" { address = "tcp://127.0.0.1:${env.PORT}" }
service "app" {
  command   = ["./app", "${listener.web.fd}"]
  listeners = ["web"]
  workers   = cpus
}`), Host{System: "linux", Environ: environ, CPUs: 3})
	if err != nil {
		t.Fatal(err)
	}
	same := again(t, first.Source, environ)
	if d := Diff(first, same); !d.Empty() {
		t.Errorf("they differ:\n%s", d)
	}
	if same.Services[0].Workers != 3 || same.Listeners[0].Address.Port != 8123 {
		t.Errorf("got %+v", same)
	}
	for _, s := range []*Source{same.Services[0].Source, same.Listeners[0].Source} {
		if s != same.Source {
			t.Error("a block has another source than its configuration")
		}
	}
}

func TestSourceOfCommand(t *testing.T) {
	line := CommandLine{Listen: []string{"web=tcp://:8080"}, Workers: 2, Command: []string{"./app", "-x"}, Directory: "/srv"}
	first, err := ForCommand(line, Host{System: "linux", CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	if d := Diff(first, again(t, first.Source, nil)); !d.Empty() {
		t.Errorf("they differ:\n%s", d)
	}
}

func TestSourceThatIsNoLongerRight(t *testing.T) {
	s := Source{Path: "app.hcl", Text: []byte(`service "app" { comand = [] }`)}
	if _, err := s.Parse(nil); err == nil {
		t.Error("no error")
	}
}
