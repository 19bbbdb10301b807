package config

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page in doc.go names everything that a file can say, and every default.
func TestDocIsComplete(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text, lines := string(page), strings.Split(string(page), "\n")
	for kind, s := range shapes {
		for _, name := range append(s.attributes, s.later...) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
				t.Errorf("%s of %q is not there", name, kind)
			}
		}
	}
	s := defaultService("", "linux")
	for name, value := range map[string]string{
		"timeout": s.Ready.Timeout.String(), "settle": s.Ready.Settle.String(), "interval": s.Ready.Interval.String(),
		"signal": s.Stop.Signal, "backoff": s.Restart.Backoff.String(), "backoff_max": s.Restart.BackoffMax.String(), "window": "60s",
		"strategy": s.Rollout.Strategy, "level": defaultLog().Level, "format": defaultLog().Format, "output": s.Output.Kind,
		"sharing": defaultListener("").Sharing, "listen_pid": s.ListenPID,
	} {
		if !hasLine(lines, name, value) {
			t.Errorf("the default %q of %s is not there", value, name)
		}
	}
	for _, name := range slices.Concat(handoffs, laterHandoffs, readyKinds, serveProtocols) {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
			t.Errorf("the word %s is not there", name)
		}
	}
	for _, k := range takeKinds {
		if !strings.Contains(text, k.example) {
			t.Errorf("the example %s is not there", k.example)
		}
	}
	for name := range functions {
		if !strings.Contains(text, name) {
			t.Errorf("the function %s is not there", name)
		}
	}
}

func hasLine(lines []string, name, value string) bool {
	for _, line := range lines {
		fields := strings.Fields(strings.TrimPrefix(line, "//"))
		if len(fields) > 1 && fields[0] == name && fields[1] == `"`+value+`"` {
			return true
		}
	}
	return false
}

// The examples in doc.go are configurations.
func TestDocExamples(t *testing.T) {
	for _, text := range []string{
		smallest[strings.Index(smallest, "\n"):],
		"service \"app\" {\n  command = [\"x\"]\n  environment = {\n    ADMIN_PORT = 9000 + worker.index\n    LOG_LEVEL  = try(env.LOG_LEVEL, \"info\")\n  }\n}\n",
	} {
		mustParse(t, text, host())
	}
}

// Package config imports nothing of ours.
func TestImports(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range file.Imports {
			if strings.Contains(imported.Path.Value, "seed-da40d5ac/supervise") {
				t.Errorf("%s imports %s", e.Name(), imported.Path.Value)
			}
		}
	}
}
