package main

import (
	"path/filepath"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// system is where root's control sockets are.
const system = "/run/supervise"

// baseName is what the supervise of a configuration file or, without one, of a command is called by default.
func baseName(name string) string {
	base := filepath.Base(name)
	for _, suffix := range []string{".json", ".hcl"} {
		if len(base) > len(suffix) {
			base = strings.TrimSuffix(base, suffix)
		}
	}
	return base
}

// pathOf is the path of a control address in a file; "" when none is written.
func pathOf(a config.Address) string {
	if a.Network == "pipe" {
		return pipe.Path(a.Path)
	}
	return a.Path
}
