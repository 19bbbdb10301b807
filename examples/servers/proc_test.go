//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestProcServers runs every server: it gets exactly our socket, our backlog stays, and rollouts lose nothing where the table says so.
func TestProcServers(t *testing.T) {
	o := options{restarts: 10, clients: 8, connections: 2000}
	if testing.Short() || raceEnabled {
		o = options{restarts: 2, clients: 8, connections: 500}
	}
	built := makeTools(t)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			require(t, s)
			r, err := built.measure(t.Context(), s, o, filepath.Join(t.TempDir(), "site"))
			if err != nil {
				t.Fatal(err)
			}
			if s.keeps && r.Lost() > 0 {
				t.Errorf("lost %+v\n%q", r.Result, r.Failed)
			}
			t.Logf("%d rollouts, %d connections, lost %s", r.Restarts, r.Attempts, r.lost())
		})
	}
}

// makeTools builds everything in a folder that a server which has given up root may enter.
func makeTools(t *testing.T) tools {
	t.Helper()
	built, err := build(t.Context(), here(), t.TempDir(), servers)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// require skips a server that is not installed, but not where everything must be.
func require(t *testing.T, s server) {
	t.Helper()
	missing := s.missing()
	switch {
	case missing == "":
	case os.Getenv("SUPERVISE_REQUIRE_ALL") != "":
		t.Fatal(s.name, " ", missing)
	default:
		t.Skip(s.name, " ", missing)
	}
}
