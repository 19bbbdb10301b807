package config

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	names := []string{"address", "backlog", "keepalive_idle", "on-failure", "SIGTERM", "web", "no_delay"}
	tests := []struct{ name, want string }{
		{"adress", "address"}, {"addres", "address"}, {"adrdess", "address"}, {"back_log", "backlog"}, {"Backlog", "backlog"},
		{"keepalive-idle", "keepalive_idle"}, {"on_failure", "on-failure"}, {"sigterm", "SIGTERM"}, {"wbe", "web"},
		{"nodelay", "no_delay"}, {"", ""}, {"xyz", ""}, {"completely_different", ""}, {strings.Repeat("a", 1<<20), ""},
	}
	for _, test := range tests {
		if got := suggest(test.name, names); got != test.want {
			t.Errorf("%.40q: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	}
	for _, test := range tests {
		if got := distance(test.a, test.b); got != test.want || distance(test.b, test.a) != test.want {
			t.Errorf("%q and %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestListIsCut(t *testing.T) {
	names := make([]string, 50)
	if text := list(names); !strings.HasSuffix(text, " and 10 more") {
		t.Error(text)
	}
	if text := didYouMean("x", nil, "listeners"); text != "There are no listeners." {
		t.Error(text)
	}
}
