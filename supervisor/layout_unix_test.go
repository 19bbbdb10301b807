//go:build unix

package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	cfg := parseFile(t, two+`
service "other" {
	command = ["/bin/true"]
	workers = 2
	user    = "nobody"
	output  = "inherit"
}
service "wrong" {
	command = ["/bin/true"]
	user    = "no-such-user"
}`)
	plans, err := Plan(cfg, []string{"HOME=/h"}, "/run/test")
	if err == nil || !strings.Contains(err.Error(), `service "wrong" as user "no-such-user": there is no such user`) {
		t.Errorf("error %v", err)
	}
	var files []string
	for _, p := range plans {
		for _, f := range p.Files {
			files = append(files, p.Service+" "+f.Listener+f.What)
		}
	}
	for _, want := range []string{"app jobsunix:///run/jobs.sock", "app readiness pipe", "other supervise's own output", "app /dev/null"} {
		if !slices.Contains(files, want) {
			t.Errorf("no %q in %q", want, files)
		}
	}
	if !slices.Contains(plans[0].Env, "LISTEN_PID=(its process number)") || slices.Contains(plans[0].Env, "HOME=/h") {
		t.Errorf("environment %q", plans[0].Env)
	}
}

func TestIdentify(t *testing.T) {
	nobody := uint32(65534)
	tests := map[string]struct {
		attributes string
		want       identity
		fails      string
	}{
		"as supervise":            {``, identity{}, ""},
		"a name":                  {`user = "nobody"`, identity{uid: &nobody, gid: &nobody, groups: []uint32{65534}, env: map[string]string{"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}}, ""},
		"a number without a name": {`user = "54321"`, identity{uid: pointer(54321), gid: pointer(54321)}, ""},
		"groups of its own":       {"user = \"nobody\"\ngroup = \"0\"\ngroups = [\"1\", \"root\"]", identity{uid: &nobody, gid: pointer(0), groups: []uint32{1, 0}, env: map[string]string{"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}}, ""},
		"no such user":            {`user = "gone"`, identity{}, "there is no such user"},
		"no such group":           {`group = "gone"`, identity{}, "there is no such group"},
		"no such other group":     {`groups = ["gone"]`, identity{}, "there is no such group"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := identify(parse(t, tt.attributes).Services[0])
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(identity{})); d != "" {
				t.Error(d)
			}
		})
	}
}

func pointer(n uint32) *uint32 { return &n }

// TestFolder checks that a worker's notify socket fits into sun_path, however long names are.
func TestFolder(t *testing.T) {
	cfg := parse(t, ``)
	cfg.Services[0].Name = strings.Repeat("x", 63)
	s := spec{service: cfg.Services[0], generation: 123456, index: 12}
	for _, dir := range []string{"/run/supervise/app", "/run/" + strings.Repeat("d", 70)} {
		h := &host{runtimeDir: dir}
		if got := h.folder(s) + ".notify"; len(got) > 107 || !strings.HasPrefix(got, dir) {
			t.Errorf("%d bytes: %s", len(got), got)
		}
	}
}

// TestEnvironmentOrder checks what wins: supervise's own, files, environment, the handoff.
func TestEnvironmentOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("FROM=file\nOTHER=file\nLISTEN_FDS=file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
listener "web" { address = "tcp://127.0.0.1:80" }
service "app" {
	command             = ["./app"]
	listeners           = ["web"]
	environment_files   = ["` + file + `"]
	environment         = { FROM = "configuration" }
	inherit_environment = INHERIT
}`
	for inherit, want := range map[string]string{"true": "own", "false": ""} {
		cfg := parseFile(t, strings.Replace(text, "INHERIT", inherit, 1))
		l, err := layoutOf(spec{service: cfg.Services[0], all: cfg, generation: 1}, surroundings{environ: []string{"FROM=own", "OTHER=own", "MINE=own"}})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{l.env["FROM"], l.env["OTHER"], l.env["MINE"], l.env["LISTEN_FDS"]}
		if d := cmp.Diff([]string{"configuration", "file", want, "1"}, got); d != "" {
			t.Errorf("inherit_environment = %s: %s", inherit, d)
		}
		for key, least := range leastEnvironment(nil) {
			if inherit == "false" && l.env[key] != least {
				t.Errorf("%s %q", key, l.env[key])
			}
		}
	}
	cfg := parseFile(t, strings.Replace(strings.Replace(text, file, "/nowhere", 1), "INHERIT", "true", 1))
	if _, err := layoutOf(spec{service: cfg.Services[0], all: cfg, generation: 1}, surroundings{}); err == nil {
		t.Error("a missing environment file is no error")
	}
}
