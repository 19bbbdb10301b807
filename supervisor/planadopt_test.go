package supervisor

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
)

// TestPlanAdopt checks what check says of programs that bind by themselves: they are given nothing, and every listener has a likely mode.
func TestPlanAdopt(t *testing.T) {
	cfg, err := config.Parse("test.hcl", []byte(`
listener "web" { address = "tcp4://127.0.0.1:80" }
listener "all" {
  address = "tcp4://127.0.0.1:81"
  sharing = "all"
}
listener "many" {
  address   = "tcp4://127.0.0.1:82"
  sharing   = "all"
  multipath = true
}
listener "file" { address = "unix:///run/x.sock" }
service "app" {
  command   = ["./app", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web", "all", "many", "file"]
  ready { when = "newline" }
}
`), config.Host{System: "linux", CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := Plan(cfg, []string{"HOME=/h"}, "/run/test")
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]string{}
	for _, a := range plans[0].Adopts {
		modes[a.Address] = a.Mode
		if a.What == "" {
			t.Errorf("nothing is said of %s", a.Listener)
		}
	}
	want := map[string]string{"tcp4://127.0.0.1:80": "own", "tcp4://127.0.0.1:81": "shared", "tcp4://127.0.0.1:82": "shared", "unix:///run/x.sock": "shared"}
	if d := cmp.Diff(want, modes); d != "" {
		t.Error(d)
	}
	for _, f := range plans[0].Files {
		if f.Listener != "" || f.FD > 3 {
			t.Errorf("it would be given %+v", f)
		}
	}
}

// TestAdoptNumber checks that the way of the stage is at a number that nothing else has.
func TestAdoptNumber(t *testing.T) {
	for attributes, want := range map[string]int{
		"": 3, "ready { when = \"newline\" }": 4, "ready {\n when = \"newline\"\n fd = 9\n }": 10,
	} {
		cfg := parse(t, adopting(attributes))
		l, err := resolve(spec{service: cfg.Services[0], all: cfg, generation: 1}, surroundings{runtimeDir: "/run/w"})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.adoptFD(); got != want {
			t.Errorf("%s: %d, want %d", attributes, got, want)
		}
	}
}
