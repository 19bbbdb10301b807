package view

import (
	"fmt"
	"strings"

	"github.com/seed-da40d5ac/supervise/supervisor/drill"
)

// Drill gives the table of a drill's result and what lost connections mean.
func Drill(r drill.Result, p Paint) string {
	var t Table
	t.Row("", "")
	t.Row(p.Faint("restarts"), fmt.Sprint(r.Restarts))
	t.Row(p.Faint("attempts"), fmt.Sprint(r.Attempts))
	t.Row(p.Faint("ok"), fmt.Sprint(r.OK))
	for _, class := range []struct {
		name string
		n    int
	}{{"refused", r.Refused}, {"reset", r.Reset}, {"eof", r.EOF}, {"timeout", r.Timeout}, {"other", r.Other}} {
		text := fmt.Sprint(class.n)
		if class.n > 0 {
			text = p.Bad(text)
		}
		t.Row(p.Faint(class.name), text)
	}
	t.Row(p.Faint("latency"), fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms", r.Latency.P50, r.Latency.P99, r.Latency.Max))
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(t.String(), "\n"))
	for _, text := range r.Failed {
		b.WriteString("\n" + Clean(text))
	}
	for _, text := range r.Explain() {
		b.WriteString("\n\n" + wrap(text, 100))
	}
	if r.Lost() == 0 {
		b.WriteString(p.Good("no connection was lost") + "\n")
	} else {
		b.WriteString("\n\nA program for which there is a preset: supervise presets NAME tells what it needs to finish what it has.")
		were := "were"
		if r.Lost() == 1 {
			were = "was"
		}
		b.WriteString("\n\n" + p.Bad(fmt.Sprintf("%s %s lost", count(r.Lost(), "connection"), were)) + "\n")
	}
	return b.String()
}

// DrillProgress is one line of how far it is.
func DrillProgress(pr drill.Progress) string {
	text := fmt.Sprintf("%d of %d connections, %d of %d restarts", pr.Attempts, pr.Connections, pr.Restarts, pr.Planned)
	if pr.Attempts > pr.Connections { // restarts take longer
		text = fmt.Sprintf("%d connections, %d of %d restarts", pr.Attempts, pr.Restarts, pr.Planned)
	}
	if pr.Restarting > 0 {
		text += fmt.Sprintf(", restart %d is going on", pr.Restarting)
	}
	return text + fmt.Sprintf(", %d lost", pr.Lost)
}

// wrap breaks at spaces after at most n columns.
func wrap(s string, n int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0:
		case column+1+width(word) > n:
			b.WriteString("\n")
			column = 0
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += width(word)
	}
	return b.String()
}
