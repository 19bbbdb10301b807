package proctree

import (
	"fmt"
	"strings"
	"testing"
)

// line is a line of /proc/PID/stat as Linux 6 prints it.
func line(name, state string) string {
	return fmt.Sprintf("4711 (%s) %s 12 4700 4600 34816 4711 4194560 1 0 0 0 3 4 0 0 20 0 5 0 987654321 2301952 300 18446744073709551615 1 1 0 0 0\n", name, state)
}

func TestParseStat(t *testing.T) {
	want := stat{pid: 4711, state: 'S', parent: 12, group: 4700, session: 4600, threads: 5, start: 987654321}
	for _, name := range []string{
		"cat", "", "a b", "(sd-pam)", ") S 1 1 1", "x) R 1 2 3 (y", ")))", "((", "tab\tline\n", "\xff\xfe", strings.Repeat("n", 64),
	} {
		got, err := parseStat([]byte(line(name, "S")))
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
}

func TestParseStatRefuses(t *testing.T) {
	good := line("cat", "S")
	tests := map[string]string{
		"empty":           "",
		"cut":             good[:60],
		"no name":         strings.ReplaceAll(good, "(cat)", "cat"),
		"open name":       strings.ReplaceAll(good, ")", ""),
		"wrong order":     strings.ReplaceAll(good, "(cat)", ")cat("),
		"no pid":          good[4:],
		"pid zero":        "0" + good[4:],
		"negative pid":    "-" + good,
		"pid not number":  "x" + good,
		"long state":      strings.Replace(good, " S ", " SS ", 1),
		"parent":          strings.Replace(good, " 12 ", " x ", 1),
		"huge parent":     strings.Replace(good, " 12 ", " 99999999999999999999 ", 1),
		"negative start":  strings.Replace(good, " 987654321 ", " -1 ", 1),
		"start no number": strings.Replace(good, " 987654321 ", " 0x10 ", 1),
	}
	for name, text := range tests {
		if got, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%s: %q gave %+v", name, text, got)
		}
	}
}

func TestDead(t *testing.T) {
	tests := []struct {
		state   byte
		threads int
		want    bool
	}{
		{'S', 1, false}, {'R', 4, false}, {'D', 1, false}, {'T', 1, false},
		{'Z', 1, true}, {'Z', 0, true}, {'X', 0, true}, {'x', 1, true},
		{'Z', 2, false}, // only the first thread has ended
	}
	for _, tt := range tests {
		if got := (stat{state: tt.state, threads: tt.threads}).dead(); got != tt.want {
			t.Errorf("%c with %d threads: %t", tt.state, tt.threads, got)
		}
	}
}

func TestHasEntry(t *testing.T) {
	mark := Mark("app.1")
	tests := map[string]bool{
		"":                                    false,
		mark:                                  true,
		mark + "\x00":                         true,
		"A=1\x00" + mark + "\x00B=2\x00":      true,
		"A=1\x00" + mark + "2\x00":            false,
		"X" + mark + "\x00":                   false,
		"A=" + mark + "\x00":                  false,
		"\x00\x00" + mark:                     true,
		"SUPERVISE_ID=\x00SUPERVISE_IDX=1":    false,
		strings.Repeat("A=1\x00", 500) + mark: true,
	}
	for environ, want := range tests {
		if got := hasEntry([]byte(environ), mark); got != want {
			t.Errorf("%q: %t", environ, got)
		}
	}
}

func TestMarkIn(t *testing.T) {
	if got := markIn([]byte("A=1\x00" + Mark("a") + "\x00B=2\x00")); got != Mark("a") {
		t.Errorf("got %q", got)
	}
	if got := markIn([]byte(Mark("old") + "\x00" + Mark("new") + "\x00")); got != Mark("new") {
		t.Errorf("of several: got %q", got)
	}
	if got := markIn([]byte("SUPERVISE=1\x00")); got != "" {
		t.Errorf("found %q", got)
	}
	if !IsMark(Mark("x")) || IsMark("SUPERVISE_IDS=1") || IsMark("A=1") {
		t.Error("IsMark does not know its own")
	}
}

func FuzzParseStat(f *testing.F) {
	for _, name := range []string{"cat", ") S 1", "\n"} {
		f.Add([]byte(line(name, "R")))
	}
	f.Add([]byte("1 () S 0 1 1 0 -1 0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStat(b)
		if err == nil && s.pid <= 0 {
			t.Errorf("%q gave pid %d", b, s.pid)
		}
	})
}

func FuzzEnviron(f *testing.F) {
	f.Add([]byte("A=1\x00SUPERVISE_ID=x\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if mark := markIn(b); mark != "" && !hasEntry(b, mark) {
			t.Errorf("%q: %q is in it and is not", b, mark)
		}
	})
}
