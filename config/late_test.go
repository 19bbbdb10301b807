package config

import "testing"

func TestHasHook(t *testing.T) {
	c := mustParse(t, "service \"app\" {\n  command = [\"./app\"]\n  hooks {\n    before_start = [\"./build\"]\n    after_stop = null\n  }\n}\n", host())
	s := c.Services[0]
	for name, want := range map[string]bool{"before_start": true, "after_stop": false, "before_stop": false} {
		if got := s.HasHook(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMentions(t *testing.T) {
	c := mustParse(t, `
listener "a" { address = "tcp://:1" }
listener "b" { address = "tcp://:2" }
service "one" { command = ["./app", "${listener.a.port}"] }
service "any" { command = ["./app", "${listener[env.NAME].port}"] }
`, Host{System: "linux", Environ: []string{"NAME=b"}})
	for _, tt := range []struct {
		service, listener string
		want              bool
	}{{"one", "a", true}, {"one", "b", false}, {"any", "a", true}, {"any", "b", true}} {
		if got := c.Service(tt.service).Mentions(tt.listener); got != tt.want {
			t.Errorf("%s of %s: %v", tt.listener, tt.service, got)
		}
	}
}
