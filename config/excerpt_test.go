package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// markFirst makes the place of the first occurrence of a part.
func markFirst(src, part string) place {
	i := strings.Index(src, part)
	at := placeAt("app.hcl", []byte(src), i)
	at.End = placeAt("app.hcl", []byte(src), i+len(part)).Start
	return at
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 120) + "MARK" + strings.Repeat("b", 120)
	tests := []struct{ name, src, mark, want string }{
		{"in the middle", "a = 1\nbb = 22\nc = 3", "22", "   2 | bb = 22\n     |      ^^"},
		{"the first line", "a = 1", "a", "   1 | a = 1\n     | ^"},
		{"nothing marked", "a = 1", "", "   1 | a = 1\n     | ^"},
		{"several lines", "a = [\n  1\n]", "[\n  1\n]", "   1 | a = [\n     |     ^"},
		{"tabs", "\ta\t= 1", "1", "   1 |  a = 1\n     |      ^"},
		{"carriage return", "a = 1\r\nb", "1", "   1 | a = 1\n     |     ^"},
		{"wide letters", "é = 日本", "日本", "   1 | é = 日本\n     |     ^^"},
		{"escape sequences", "a = \x1b[31m\x07 5", "5", "   1 | a = �[31m� 5\n     |            ^"},
		{"invalid bytes", "a = \xff\xfe 5", "5", "   1 | a = �� 5\n     |        ^"},
		{"a long line", long, "MARK", "   1 | …" + strings.Repeat("a", 31) + "MARK" + strings.Repeat("b", 59) + "…\n     | " + strings.Repeat(" ", 32) + "^^^^"},
		{"the start of a long line", long, "aaa", "   1 | " + strings.Repeat("a", 95) + "…\n     | ^^^"},
		{"all of a long line", long, long, "   1 | " + strings.Repeat("a", 96) + "\n     | " + strings.Repeat("^", 96)},
		{"the end of a long line", long + "END", "END", "   1 | …" + strings.Repeat("b", 92) + "END\n     | " + strings.Repeat(" ", 93) + "^^^"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, excerpt([]byte(test.src), markFirst(test.src, test.mark))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A place that is not in the text must not end the program: those of templates in JSON are guesses.
func TestExcerptOutside(t *testing.T) {
	src := []byte("a = 1\n")
	for _, bytes := range [][2]int{{-5, 3}, {2, 1}, {100, 200}, {6, 6}, {0, 1000}} {
		at := placeAt("app.hcl", src, 0)
		at.Start.Byte, at.End.Byte = bytes[0], bytes[1]
		if text := excerpt(src, at); !strings.Contains(text, "^") {
			t.Errorf("%v: %q", bytes, text)
		}
	}
}

func TestPlaceAt(t *testing.T) {
	src := "ab\ncé\n\nd"
	for _, test := range []struct{ offset, line, column int }{{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {6, 2, 3}, {7, 3, 1}, {8, 4, 1}, {99, 4, 2}, {-1, 1, 1}} {
		at := placeAt("app.hcl", []byte(src), test.offset)
		if at.Start.Line != test.line || at.Start.Column != test.column {
			t.Errorf("%d: got %d:%d, want %d:%d", test.offset, at.Start.Line, at.Start.Column, test.line, test.column)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"one two", []string{"one two"}},
		{"one two three four", []string{"one two", "three four"}},
		{"averyverylongword in here", []string{"averyverylongword", "in here"}},
		{"a\n  b", []string{"a", "  b"}},
		{"a\n\nb", []string{"a", "", "b"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, wrap(test.text, 10)); diff != "" {
			t.Errorf("%q: %s", test.text, diff)
		}
	}
}
