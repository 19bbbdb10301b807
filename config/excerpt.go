package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Widths of what people read, in columns; the same on every terminal.
const (
	excerptWidth = 96
	adviceWidth  = 96
	longLine     = 4 * excerptWidth // bytes on each side
)

// excerpt shows the line where a place begins, with the place marked below:
//
//	3 |   backlog = 0
//	  |             ^
func excerpt(src []byte, at place) string {
	start := min(max(at.Start.Byte, 0), len(src))
	begin := bytes.LastIndexByte(src[:start], '\n') + 1
	end := len(src)
	if n := bytes.IndexByte(src[start:], '\n'); n >= 0 {
		end = start + n
	}
	stop := min(max(at.End.Byte, start), end)
	// Of a line without end only the surroundings are looked at.
	near := max(begin, start-longLine)
	far := min(end, start+longLine)
	from := utf8.RuneCount(src[near:start])
	to := from + utf8.RuneCount(src[start:min(stop, far)])
	w := window([]rune(string(src[near:far])), from, max(to, from+1))
	w.cut(near > begin, far < end)
	text := strings.TrimRight(string(w.text), " \r")
	return fmt.Sprintf("%4d | %s\n     | %s%s", at.Start.Line, text, strings.Repeat(" ", w.from), strings.Repeat("^", w.to-w.from))
}

// view is the part of a line that is shown, with the place in it.
type view struct {
	text        []rune
	from, to    int
	left, right bool // there is more
}

// window cuts a long line to what surrounds from..to, and makes everything in it printable and one column wide.
func window(line []rune, from, to int) view {
	low := 0
	if len(line) > excerptWidth {
		low = min(max(0, from-excerptWidth/3), len(line)-excerptWidth)
	}
	high := min(low+excerptWidth, len(line))
	v := view{text: make([]rune, high-low), from: from - low, left: low > 0, right: high < len(line)}
	v.to = max(min(to, high)-low, v.from+1)
	for i, r := range line[low:high] {
		v.text[i] = printable(r)
	}
	return v
}

// cut marks the ends where there is more, unless the place is there.
func (v *view) cut(left, right bool) {
	if (v.left || left) && v.from > 0 {
		v.text[0] = '…'
	}
	if (v.right || right) && v.to < len(v.text) {
		v.text[len(v.text)-1] = '…'
	}
}

func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return unicode.ReplacementChar
	}
	return r
}

// wrap breaks text at spaces; lines that it has already stay as they are when they fit.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.Lines(text) {
		line := ""
		if len(paragraph) <= width {
			lines = append(lines, strings.TrimRight(paragraph, "\n"))
			continue
		}
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		lines = append(lines, line)
	}
	return lines
}
