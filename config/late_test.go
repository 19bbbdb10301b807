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
