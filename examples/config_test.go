package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

// TestConfigurations loads every app.hcl, and checks that no two examples want one address: they can run side by side.
func TestConfigurations(t *testing.T) {
	files, err := filepath.Glob("*/app.hcl")
	if err != nil || len(files) != 7 {
		t.Fatalf("found %v, %v; want seven examples", files, err)
	}
	users := map[string]string{}
	for _, file := range files {
		c, err := config.Load(file, config.Host{Environ: os.Environ(), CPUs: 2})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: warnings %q", file, c.Warnings)
		}
		for _, l := range c.Listeners {
			address := l.Address.String()
			if other := users[address]; other != "" {
				t.Errorf("%s and %s both listen on %s", file, other, address)
			}
			users[address] = file
			// A container has a network of its own.
			if l.Address.Network != "fifo" && file != "container/app.hcl" && !strings.HasPrefix(address, "tcp://127.0.0.1:") {
				t.Errorf("%s: %s is not a loopback address", file, address)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a line that says what it is (%v)", file, err)
		}
	}
}
