package systemd_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTemplate keeps both units the same: only the name of the configuration differs.
func TestTemplate(t *testing.T) {
	unit, template := settings(t, "supervise.service"), settings(t, "supervise@.service")
	if want := strings.ReplaceAll(unit, "/app.hcl", "/%i.hcl"); template != want {
		t.Errorf("supervise@.service has\n%s\nwant\n%s", template, want)
	}
}

// settings is a unit without its comments and empty lines.
func settings(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^(#.*)?\n`).ReplaceAllString(string(text), "")
}
