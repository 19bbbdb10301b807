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
	from := utf8.RuneCount(src[begin:start])
	to := from + utf8.RuneCount(src[start:stop])
	text, from, to := window([]rune(string(src[begin:end])), from, max(to, from+1))
	text = strings.TrimRight(text, " \r")
	return fmt.Sprintf("%4d | %s\n     | %s%s", at.Start.Line, text, strings.Repeat(" ", from), strings.Repeat("^", to-from))
}

// window cuts a long line to what surrounds from..to, and makes everything in it printable and one column wide.
func window(line []rune, from, to int) (string, int, int) {
	low := 0
	if len(line) > excerptWidth {
		low = min(max(0, from-excerptWidth/3), len(line)-excerptWidth)
	}
	cut := low+excerptWidth < len(line)
	line = line[low:min(low+excerptWidth, len(line))]
	from, to = from-low, min(to-low, len(line))
	text := make([]rune, len(line))
	for i, r := range line {
		text[i] = printable(r)
	}
	if low > 0 && from > 0 {
		text[0] = '…'
	}
	if cut && to < len(text) {
		text[len(text)-1] = '…'
	}
	return string(text), from, max(to, from+1)
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
