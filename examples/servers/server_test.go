//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

// TestServers: every folder is in the table and every row has a folder, whose app.hcl is what the row says.
func TestServers(t *testing.T) {
	rows := map[string]server{}
	ports := map[int]string{}
	for _, s := range servers {
		rows[s.name] = s
		if other := ports[s.port]; other != "" {
			t.Errorf("%s and %s have the same port %d", s.name, other, s.port)
		}
		ports[s.port] = s.name
		if s.handoff == "" || s.note == "" && !s.keeps {
			t.Errorf("%s: the table does not say how it gets its listener, or what it loses", s.name)
		}
	}
	files, err := filepath.Glob("*/app.hcl")
	more, err2 := filepath.Glob("gosrv/*/app.hcl")
	if err != nil || err2 != nil || len(files)+len(more) != len(servers) {
		t.Fatalf("%d folders for %d servers, %v, %v", len(files)+len(more), len(servers), err, err2)
	}
	for _, file := range append(files, more...) {
		t.Run(file, func(t *testing.T) { checkFile(t, file, rows[filepath.Base(filepath.Dir(file))]) })
	}
}

func checkFile(t *testing.T, file string, s server) {
	if (s.install == "") != strings.HasPrefix(file, "gosrv/") {
		t.Errorf("the server is to be installed: %q", s.install)
	}
	c, err := config.Load(file, config.Host{Environ: os.Environ(), CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings %q", c.Warnings)
	}
	if len(c.Services) != 1 || c.Services[0].Name != s.name || len(c.Listeners) != 1 {
		t.Fatalf("services %+v, listeners %+v", c.Services, c.Listeners)
	}
	if l := c.Listeners[0]; l.Address.String() != "tcp://127.0.0.1:"+strconv.Itoa(s.port) || l.Backlog != 1024 {
		t.Errorf("listener %+v", l)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(text), "# ") {
		t.Errorf("it does not begin with a line that says what it is (%v)", err)
	}
}

func TestMissing(t *testing.T) {
	for name, c := range map[string]struct {
		server server
		want   string
	}{
		"there":     {server{programs: []string{"sh", "go"}, install: "dash"}, ""},
		"of go":     {server{}, ""},
		"not there": {server{programs: []string{"sh", "no-such-program"}, install: "a b"}, "is not installed (apt-get install --no-install-recommends a b)"},
		"no name":   {server{programs: []string{"no-such-program"}}, "needs no-such-program"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.server.missing(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(nil); err != nil || len(all) != len(servers) {
		t.Errorf("%d servers, %v", len(all), err)
	}
	list, err := choose([]string{"puma", "nginx"})
	if err != nil || len(list) != 2 || list[0].name != "puma" || list[1].name != "nginx" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := choose([]string{"iis"}); err == nil || !strings.HasPrefix(err.Error(), `cannot measure "iis": there is no such server (there are nginx, `) {
		t.Error(err)
	}
}

// TestReadme: the table that was measured is about these servers, and none of those that keep everything has lost something.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for _, s := range servers {
		_, after, found := strings.Cut(rest, "\n| "+s.name+" | "+s.handoff+" | ")
		if !found {
			t.Fatalf("the README has no row of %s after the one before it: go run ./examples/servers prints them", s.name)
		}
		line, _, _ := strings.Cut(after, "\n")
		if s.keeps && !strings.Contains(line, " | **0** | ") || !strings.HasSuffix(line, "| "+s.note+" |") {
			t.Errorf("the README says of %s: %s", s.name, line)
		}
		rest = after
	}
}
