//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// TestProcExamples drills each example as it is, apart from its address: 20 restarts, 16 clients, 20,000 connections, none lost.
func TestProcExamples(t *testing.T) {
	restarts, connections := "20", "20000"
	if testing.Short() || raceEnabled {
		restarts, connections = "3", "2000"
	}
	for name, needs := range map[string]string{"hello": "go", "python": "python3", "node": "node", "c": "cc"} {
		t.Run(name, func(t *testing.T) {
			need(t, needs)
			s := example(t, name)
			before := s.status(t).Services[0].Generation
			code, out, errs := s.verb(t, "drill", "hello", "--http", "/", "--json", "--restarts", restarts, "--connections", connections)
			var r drill.Result
			if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Lost() != 0 {
				t.Errorf("exit code %d, %v\n%s%s", code, err, out, errs)
			}
			if after := s.status(t).Services[0].Generation; after-before != r.Restarts {
				t.Errorf("generation %d after %d and %d restarts", after, before, r.Restarts)
			}
			t.Logf("%d connections, %d restarts, p50 %.2f ms, p99 %.2f ms, max %.2f ms", r.Attempts, r.Restarts, r.Latency.P50, r.Latency.P99, r.Latency.Max)
		})
	}
}

// need skips where a language is not installed, but not where everything must be.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// example runs one on a port of its own. The folder stays the example's, so that its files are found.
func example(t *testing.T, name string) *site {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "examples", name))
	text, err2 := os.ReadFile(filepath.Join(folder, "app.hcl"))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	config := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(string(text), "127.0.0.1:0")
	config = strings.Replace(config, `service "hello" {`, "service \"hello\" {\n  directory = \""+folder+"\"\n", 1)
	return newSite(t, config, nil)
}
