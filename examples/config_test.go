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
	if err != nil || len(files) != 8 {
		t.Fatalf("found %v, %v; want eight examples", files, err)
	}
	users := map[string]string{}
	for _, path := range files {
		file := path
		c, err := config.Load(file, config.Host{Environ: os.Environ(), CPUs: 2})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: warnings %q", file, c.Warnings)
		}
		if file == "windows/app.hcl" { // that of hello, for Windows
			file = "hello/app.hcl"
		}
		for _, l := range c.Listeners {
			address := l.Address.String()
			if other := users[address]; other != "" && other != file {
				t.Errorf("%s and %s both listen on %s", file, other, address)
			}
			users[address] = file
			// A container has a network of its own.
			if l.Address.Network != "fifo" && file != "container/app.hcl" && !strings.HasPrefix(address, "tcp://127.0.0.1:") {
				t.Errorf("%s: %s is not a loopback address", file, address)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a line that says what it is (%v)", file, err)
		}
	}
}

// TestConfigurationsOfSystems checks that the examples for Go and Windows mean the same on every system, without a warning.
func TestConfigurationsOfSystems(t *testing.T) {
	for _, file := range []string{"hello/app.hcl", "windows/app.hcl"} {
		for _, system := range []string{"linux", "windows"} {
			c, err := config.Load(file, config.Host{System: system, Environ: os.Environ(), CPUs: 2})
			if err != nil || len(c.Warnings) > 0 {
				t.Errorf("%s on %s: %v, %+v", file, system, err, c)
			}
		}
	}
}
