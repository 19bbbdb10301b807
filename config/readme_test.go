package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The table of presets in the README is the one of this package; -update writes it.
func TestReadmePresets(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- presets: written by go test ./config -update -->\n", "<!-- end of presets -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	got, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no %q and %q", path, begin, end)
	}
	want := presetTable()
	if *update && got != want {
		if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s has another table (-update writes it):\n%s", path, got)
	}
}

func presetTable() string {
	var b strings.Builder
	b.WriteString("| preset | program | `handoff` | `ready.when` | `stop.signal` | example of a `command` |\n|---|---|---|---|---|---|\n")
	for _, p := range Presets() {
		ready := "`" + p.Ready + "`"
		if p.Settle != "" {
			ready += ", " + p.Settle
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | `%s` | `%s` |\n",
			p.Name, p.About, strings.Join(p.Handoff, "` `"), ready, strings.TrimPrefix(p.Signal, "SIG"), shellWords(p.Command))
	}
	return b.String()
}

// shellWords quotes what a shell would take apart.
func shellWords(command []string) string {
	words := make([]string, len(command))
	for i, word := range command {
		if words[i] = word; strings.ContainsAny(word, " ;") {
			words[i] = "'" + word + "'"
		}
	}
	return strings.Join(words, " ")
}
