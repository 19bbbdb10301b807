package stage

import (
	"errors"
	"unicode/utf8"
)

// text is a string of arbitrary bytes in JSON, which itself only carries
// Unicode: each byte is written as the code point of the same value. Paths,
// arguments and variables of a unix system need not be UTF-8, and encoding/json
// would replace what is not.
type text string

// MarshalText writes one code point per byte.
func (t text) MarshalText() ([]byte, error) {
	out := make([]byte, 0, len(t))
	for i := range len(t) {
		out = utf8.AppendRune(out, rune(t[i]))
	}
	return out, nil
}

// UnmarshalText reads what MarshalText wrote, and refuses anything else.
func (t *text) UnmarshalText(b []byte) error {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r > 0xff {
			return errors.New("a character above U+00FF does not stand for a byte")
		}
		out = append(out, byte(r))
		b = b[n:]
	}
	*t = text(out)
	return nil
}

func texts(in []string) []text {
	if in == nil {
		return nil
	}
	out := make([]text, len(in))
	for i, s := range in {
		out[i] = text(s)
	}
	return out
}

func stringsOf(in []text) []string {
	if in == nil {
		return nil
	}
	out := make([]string, len(in))
	for i, t := range in {
		out[i] = string(t)
	}
	return out
}
