package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Error is every problem of a configuration at once.
type Error struct {
	// Problems are in the order of the file; there is at least one, and at most 100.
	Problems []Problem
	// More is the number of problems beyond these.
	More int
}

// Problem is one thing that is wrong in a configuration.
type Problem struct {
	// File is the path as given to Load, or the flag after ForCommand.
	File string
	// Line and Column count from 1; 0 when the problem has no place in a text.
	Line, Column int
	// Text says what is wrong, Advice what to write instead.
	Text, Advice string
	// Excerpt is the line of the file with the place marked below it; "" when there is none.
	Excerpt string
}

// Wrong is the error of a service that this package could not see, with the service's place in the file.
func (s *Service) Wrong(text string) *Error {
	return &Error{Problems: []Problem{{File: s.place.Filename, Line: s.place.Start.Line, Column: s.place.Start.Column, Text: text}}}
}

// mostProblems bounds an error: nobody reads more, and a broken file can have one per byte.
const mostProblems = 100

// Error is the whole text: each problem with its file and line, the excerpt, and what to write instead.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(p.String())
	}
	switch n := len(e.Problems); {
	case e.More > 0:
		fmt.Fprintf(&b, "\n\n%d problems, of which these are the first %d", n+e.More, n)
	case n > 1:
		fmt.Fprintf(&b, "\n\n%d problems", n)
	}
	return b.String()
}

// String is the problem as text of several lines, without a newline at the end.
func (p Problem) String() string { return p.format("") }

func (p Problem) format(mark string) string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	b.WriteString(mark + p.Text)
	if p.Excerpt != "" {
		b.WriteString("\n" + p.Excerpt)
	}
	for _, line := range wrap(p.Advice, adviceWidth) {
		b.WriteString("\n    " + line)
	}
	return b.String()
}

// place is where something stands: a range of a file, or only a label (a flag) when the line is 0.
type place = hcl.Range

// where is a place as people write it: "app.hcl:3".
func where(p place) string {
	if p.Start.Line == 0 {
		return p.Filename
	}
	return fmt.Sprintf("%s:%d", p.Filename, p.Start.Line)
}

// report collects what is wrong.
type report struct {
	files    map[string][]byte
	findings []finding
	seen     map[finding]bool
	warnings []string
	broken   bool // the text did not parse: what seems to be missing may be there
}

// finding is a problem before its excerpt is made.
type finding struct {
	at           place
	text, advice string
}

// fail adds a problem; the same one counts once.
func (r *report) fail(at place, text, advice string) {
	f := finding{at, text, advice}
	if r.seen == nil {
		r.seen = map[finding]bool{}
	}
	if !r.seen[f] {
		r.seen[f] = true
		r.findings = append(r.findings, f)
	}
}

func (r *report) warn(at place, text, advice string) {
	r.warnings = append(r.warnings, r.problem(finding{at, text, advice}).format("warning: "))
}

func (r *report) problem(f finding) Problem {
	p := Problem{File: f.at.Filename, Line: f.at.Start.Line, Column: f.at.Start.Column, Text: f.text, Advice: f.advice}
	if src := r.files[p.File]; p.Line > 0 && src != nil {
		p.Excerpt = excerpt(src, f.at)
	}
	return p
}

// failHCL takes what the HCL library found; doing names what we were at: "cannot parse".
func (r *report) failHCL(doing string, diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		at := place{}
		if d.Subject != nil {
			at = *d.Subject
		}
		r.fail(at, doing+": "+lowerFirst(d.Summary), adviceFor(d))
	}
}

// adviceFor says in our words what the library says in words of its grammar, where that is what people meet first.
func adviceFor(d *hcl.Diagnostic) string {
	switch d.Summary {
	case "Invalid single-argument block definition":
		return "Write each attribute on a line of its own, and the closing brace too: only a block with a single attribute fits on one line."
	case "Argument or block definition required":
		return `Write NAME = VALUE, or a block: service "app" { ... }. The language is HCL; a file with a name in .json can be JSON.`
	}
	return d.Detail
}

// lowerFirst leaves words like "JSON" alone.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// err is nil when nothing is wrong, else an *Error in the order of the file. Findings of several files, or of flags, keep their order.
func (r *report) err() error {
	if len(r.findings) == 0 {
		return nil
	}
	if len(r.files) == 1 {
		slices.SortStableFunc(r.findings, func(a, b finding) int { return a.at.Start.Byte - b.at.Start.Byte })
	}
	e := &Error{More: max(0, len(r.findings)-mostProblems)}
	for _, f := range r.findings[:len(r.findings)-e.More] {
		e.Problems = append(e.Problems, r.problem(f))
	}
	return e
}
