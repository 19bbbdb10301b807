package output

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const reset = "\x1b[0m"

// appendVisible appends text so that a terminal shows it and obeys nothing in it but tabs and colours. Control characters become
// ^X, as cat -v prints them; bytes that are not UTF-8, the C1 controls and those that reverse the direction of
// writing become \x9b or \u202e.
func appendVisible(b []byte, text string) []byte {
	coloured := false
	for i := 0; i < len(text); {
		if n := sgr(text[i:]); n > 0 {
			b = append(b, text[i:i+n]...)
			i += n
			coloured = true
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		b = appendRune(b, r, text[i:i+n])
		i += n
	}
	if coloured {
		b = append(b, reset...)
	}
	return b
}

func appendRune(b []byte, r rune, raw string) []byte {
	switch {
	case r == '\t':
		return append(b, '\t')
	case r < 0x20:
		return append(b, '^', byte(r)+'@')
	case r == 0x7f:
		return append(b, "^?"...)
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Appendf(b, `\x%02x`, raw[0])
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return append(b, raw...)
}

// sgr is the length of the colour sequence that s begins with: ESC [ digits and ; and : then m (ECMA-48, SGR). 0: none. A long
// one is none: terminals differ in what they make of it.
func sgr(s string) int {
	const longest = 64
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < min(len(s), longest); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case (c < '0' || c > '9') && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}
