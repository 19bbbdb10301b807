package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The tables of presets and of systems in the README are those of this package; -update writes them.
func TestReadmeTables(t *testing.T) {
	for name, want := range map[string]string{"presets": presetTable(), "systems": systemsTable()} {
		t.Run(name, func(t *testing.T) { readmeTable(t, name, want) })
	}
}

func readmeTable(t *testing.T, name, want string) {
	t.Helper()
	path, begin, end := "../README.md", fmt.Sprintf("<!-- %s: written by go test ./config -update -->\n", name), fmt.Sprintf("<!-- end of %s -->\n", name)
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(src), "\r\n", "\n") // as Git may check it out on Windows
	head, rest, ok := strings.Cut(text, begin)
	got, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no %q and %q", path, begin, end)
	}
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

func systemsTable() string {
	var b strings.Builder
	b.WriteString("| of | what | Linux | Windows | macOS, BSDs |\n|---|---|---|---|---|\n")
	for _, f := range systemTable {
		what := "`" + strings.Join(strings.Fields(f.names), "` `") + "`"
		if f.names == "*" {
			what = "every other"
		}
		of := "`" + f.kind + "`"
		if f.kind == "" {
			of = "blocks"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", of, what, f.on.cell("linux"), f.on.cell("windows"), f.on.cell("unix"))
	}
	return b.String()
}

// cell says in a word or two what a system makes of a feature.
func (o on) cell(system string) string {
	s, known := o[system]
	if mac, only := o["darwin"]; system == "unix" && only && !known && mac.how == absent {
		return "not on macOS"
	}
	switch s.how {
	case absent:
		return "no"
	case ignored:
		return "ignored"
	case renamed:
		return "is `" + s.text + "`"
	case differs:
		return s.text
	}
	return "yes"
}
