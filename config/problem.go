package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Error is every problem of a configuration at once.
type Error struct {
	// Problems are in the order of the file; there is at least one.
	Problems []Problem
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

// mostProblems bounds an error: nobody reads more, and a broken file can have one per byte.
const mostProblems = 100

// Error is the whole text: each problem with its file and line, the excerpt, and what to write instead.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems[:min(len(e.Problems), mostProblems)] {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(p.String())
	}
	if n := len(e.Problems); n > 1 {
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
	problems []Problem
	offsets  []int // of problems, to sort them
	warnings []string
	broken   bool // the text did not parse: what seems to be missing may be there
}

func (r *report) fail(at place, text, advice string) {
	p := r.problem(at, text, advice)
	if slices.Contains(r.problems, p) {
		return
	}
	r.problems = append(r.problems, p)
	r.offsets = append(r.offsets, at.Start.Byte)
}

func (r *report) warn(at place, text, advice string) {
	r.warnings = append(r.warnings, r.problem(at, text, advice).format("warning: "))
}

func (r *report) problem(at place, text, advice string) Problem {
	p := Problem{File: at.Filename, Line: at.Start.Line, Column: at.Start.Column, Text: text, Advice: advice}
	if src := r.files[at.Filename]; at.Start.Line > 0 && src != nil {
		p.Excerpt = excerpt(src, at)
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
		r.fail(at, doing+": "+lowerFirst(d.Summary), d.Detail)
	}
}

// lowerFirst leaves words like "JSON" alone.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// err is nil when nothing is wrong, else an *Error in the order of the file.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	order := make([]int, len(r.problems))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.offsets[a] - r.offsets[b] })
	e := &Error{Problems: make([]Problem, len(order))}
	for to, from := range order {
		e.Problems[to] = r.problems[from]
	}
	return e
}
