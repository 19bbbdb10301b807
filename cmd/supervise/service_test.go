package main

import (
	"strings"
	"testing"
)

func TestServiceName(t *testing.T) {
	for name, want := range map[string]string{
		"supervise":             "",
		"My shop, 2":            "",
		"":                      "its name is empty",
		"a/b":                   `its name "a/b" has a character that a file must not have`,
		`a\b`:                   `its name "a\\b" has a character that a file must not have`,
		"a\nb":                  `its name "a\nb" has a character that a file must not have`,
		"C:":                    `its name "C:" has a character that a file must not have`,
		strings.Repeat("x", 80): "",
		strings.Repeat("x", 81): "its name has 81 characters (80 are enough)",
	} {
		got := ""
		if err := (winService{name: name}).check(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestNobodysService: a supervise that is no service has nobody to tell.
func TestNobodysService(t *testing.T) {
	(*scm)(nil).up()
}

func TestServiceUsage(t *testing.T) {
	for line, want := range map[string]string{
		"service":                         "say one of install, uninstall, start, stop",
		"service shop":                    "say one of install, uninstall, start, stop",
		"service install":                 "cannot install a service: --config FILE is missing",
		"service install --name a/b -c x": "has a character",
		"service start shop":              `do not know what to do with "shop"`,
		"service run":                     "--config FILE is missing",
		"service stop --name":             "flag needs an argument",
	} {
		root := (&app{}).root()
		root.SetArgs(strings.Fields(line))
		code, text, _ := verdict(root.Execute())
		if code != codeUsage || !strings.Contains(text, want) {
			t.Errorf("%q: %d %q, want %q", line, code, text, want)
		}
	}
}
