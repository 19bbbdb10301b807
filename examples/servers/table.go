//go:build linux

package main

import (
	"fmt"
	"io"
)

// writeTable writes Markdown.
func writeTable(w io.Writer, rows []row, rollouts int) {
	fmt.Fprintf(w, "| server | handoff | connections | lost in %d rollouts | p50 / p99 / max, ms | backlog | |\n", rollouts)
	fmt.Fprintln(w, "|---|---|--:|--:|--:|---|---|")
	for _, r := range rows {
		backlog := "kept"
		if r.repaired {
			backlog = "put back"
		}
		l := r.Latency
		fmt.Fprintf(w, "| %s | %s | %d | %s | %.1f / %.1f / %.0f | %s | %s |\n",
			r.server.name, r.server.handoff, r.Attempts, r.lost(), l.P50, l.P99, l.Max, backlog, r.server.note)
	}
}

// lost names the classes that occurred.
func (r row) lost() string {
	text := fmt.Sprintf("**%d**", r.Lost())
	for _, c := range []struct {
		n    int
		name string
	}{{r.Refused, "refused"}, {r.Reset, "reset"}, {r.EOF, "eof"}, {r.Timeout, "timeout"}, {r.Other, "other"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %s %d", c.name, c.n)
		}
	}
	return text
}
