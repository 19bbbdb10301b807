package output

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// luminance is the relative luminance of WCAG 2 of a colour of the 6×6×6 cube.
func luminance(n uint8) float64 {
	level := [6]float64{0, 95, 135, 175, 215, 255}
	linear := func(i uint8) float64 {
		c := level[i] / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	n -= 16
	return 0.2126*linear(n/36) + 0.7152*linear(n/6%6) + 0.0722*linear(n%6)
}

func TestPaletteIsReadable(t *testing.T) {
	for _, n := range palette {
		l := luminance(n)
		if white, black := 1.05/(l+0.05), (l+0.05)/0.05; white < 4 || black < 4 {
			t.Errorf("colour %d has contrast %.1f to white and %.1f to black", n, white, black)
		}
	}
}

func TestColourIsStable(t *testing.T) {
	used := map[uint8]bool{}
	for i := range 200 {
		used[colourOf(fmt.Sprint("service", i))] = true
	}
	if got := colourOf("app"); got != 98 {
		t.Errorf("app is printed in colour %d from now on, people know it in 98", got)
	}
	if len(used) != len(palette) {
		t.Errorf("%d of %d colours are used", len(used), len(palette))
	}
}

func TestAppendVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"plain ü€𝄞":               "plain ü€𝄞",
		"a\tb":                    "a\tb",
		"a\rb":                    "a^Mb",
		"a\nb":                    "a^Jb",
		"\x00\x07\x08\x7f":        "^@^G^H^?",
		"\x1b[31mred":             "\x1b[31mred" + reset,
		"\x1b[mx":                 "\x1b[mx" + reset,
		"\x1b[38;2;1;2;3;4:3mx":   "\x1b[38;2;1;2;3;4:3mx" + reset,
		"\x1b[2J":                 "^[[2J",
		"\x1b[31":                 "^[[31",
		"\x1b]0;title\x07":        "^[]0;title^G",
		"\x1b[?25l":               "^[[?25l",
		"\x1b[>4;1m":              "^[[>4;1m",
		"\x1bc":                   "^[c",
		"\x1b":                    "^[",
		"\x1b\x1b[1m":             "^[\x1b[1m" + reset,
		"\x1b[" + zeros(99) + "m": "^[[" + zeros(99) + "m",
		"\x9b2J":                  `\x9b2J`,
		"\xc2\x9b2J":              `\u009b2J`,
		"\xff\xc3":                `\xff\xc3`,
		"a\u202eb\u2066":          `a\u202eb\u2066`,
		"a\u2028b":                `a\u2028b`,
		"\ufffd":                  "\ufffd",
	} {
		if got := string(appendVisible(nil, text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func zeros(n int) string { return strings.Repeat("0", n) }

// colours are the only escape sequences that may be left.
var colours = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"\x1b[1mx", "\x1b[31", "\x9b", "a\r\x1b]0;x\x07", "\xc2\x9b", "\u202e\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := appendVisible(nil, text)
		if !utf8.Valid(got) {
			t.Errorf("%q → %q is not UTF-8", text, got)
		}
		coloured := colours.Match(got)
		rest := colours.ReplaceAll(got, nil)
		if i := bytes.IndexFunc(rest, func(r rune) bool { return r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) }); i >= 0 {
			t.Errorf("%q → %q has a control character", text, got)
		}
		if coloured && !bytes.HasSuffix(got, []byte(reset)) {
			t.Errorf("%q → %q leaves its colour behind", text, got)
		}
	})
}
