package config

import (
	"strings"
	"testing"
)

func TestParseShare(t *testing.T) {
	tests := []struct {
		text string
		want float64
		err  string
	}{
		{"5%", 0.05, ""},
		{"0.5%", 0.005, ""},
		{"99%", 0.99, ""},
		{"", 0, "it is no share"},
		{"%", 0, "it is no share"},
		{"5", 0, `it has no % (write "5%")`},
		{"0%", 0, "out of range"},
		{"0.0%", 0, "out of range"},
		{"100%", 0, "out of range"},
		{"0." + strings.Repeat("0", 322) + "5%", 0, "out of range"},
		{"-5%", 0, "it is no share"},
		{"1e1%", 0, "it is no share"},
		{"0x10%", 0, "it is no share"},
		{"Inf%", 0, "it is no share"},
		{"5 %", 0, "it is no share"},
		{"5%%", 0, "it is no share"},
		{strings.Repeat("9", 400) + "%", 0, "it is no share"},
	}
	for _, tt := range tests {
		got, err := ParseShare(tt.text)
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%q: %v, %v", tt.text, got, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
}

func FuzzParseShare(f *testing.F) {
	f.Add("5%")
	f.Add("0.001%")
	f.Add("NaN%")
	f.Fuzz(func(t *testing.T, text string) {
		if share, err := ParseShare(text); err == nil && !(share > 0 && share < 1) {
			t.Errorf("%q: %v", text, share)
		}
	})
}

// TestCanaryDiff names attributes of a block inside a block by both.
func TestCanaryDiff(t *testing.T) {
	text := func(rollout string) *Config {
		c, err := Parse("a.hcl", []byte("listener \"web\" {\n address = \"tcp://:80\"\n sharing = \"worker\"\n}\nservice \"app\" {\n command = [\"x\"]\n listeners = [\"web\"]\n rollout {\n"+rollout+"\n}\n}"), Host{System: "linux", CPUs: 1})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	canary := func(share string) *Config {
		return text(" keep_old = \"1m\"\n canary {\n  share = \"" + share + "\"\n  for = \"1m\"\n }")
	}
	want := "~ service \"app\"\n  ~ rollout.canary.share = \"5%\" → \"6%\""
	if got := Diff(canary("5%"), canary("6%")).String(); got != want {
		t.Errorf("%s", got)
	}
	want = "~ service \"app\"\n  + rollout.canary.for = \"1m\"\n  + rollout.canary.share = \"5%\"\n  + rollout.keep_old = \"1m\""
	if got := Diff(text(""), canary("5%")).String(); got != want {
		t.Errorf("%s", got)
	}
}
