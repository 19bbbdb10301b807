package view

import (
	"os"
	"strings"
)

// Paint colours text for a terminal, or leaves it as it is.
type Paint struct{ On bool }

// NewPaint decides by what the output is and by the environment: NO_COLOR (no-color.org) and TERM=dumb switch colours off.
func NewPaint(terminal bool) Paint {
	return Paint{On: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p Paint) with(code, s string) string {
	if !p.On || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bold, Faint and the colours give s in that manner.
func (p Paint) Bold(s string) string { return p.with("1", s) }

// Faint is for what matters less.
func (p Paint) Faint(s string) string { return p.with("2", s) }

// Good is green.
func (p Paint) Good(s string) string { return p.with("32", s) }

// Warn is yellow.
func (p Paint) Warn(s string) string { return p.with("33", s) }

// Bad is red.
func (p Paint) Bad(s string) string { return p.with("31", s) }

// State colours the state of a service or the phase of a worker.
func (p Paint) State(s string) string {
	switch s {
	case "running", "ready":
		return p.Good(s)
	case "starting", "rolling-out", "draining", "stopping":
		return p.Warn(s)
	case "degraded", "killing", "backoff":
		return p.Bad(s)
	}
	return p.Faint(s)
}

// width is the number of columns, without escape sequences.
func width(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// Clean makes text of others harmless on a terminal: control characters become visible.
func Clean(s string) string {
	clean := func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '\uFFFD'
		}
		return r
	}
	return strings.Map(clean, s)
}

// OneLine is Clean for what has to stay in its line: the lines of an error with an excerpt are put one after another.
func OneLine(s string) string {
	if !strings.Contains(s, "\n") {
		return Clean(s)
	}
	return Clean(strings.Join(strings.Fields(s), " "))
}
