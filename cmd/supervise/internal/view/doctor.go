package view

import (
	"fmt"
	"strings"

	"github.com/seed-da40d5ac/supervise/supervisor/doctor"
)

// Doctor shows what the machine can do, a line each; below what is not in order stands what that costs and what to do.
func Doctor(list []doctor.Finding, p Paint) string {
	widest, counts := 0, map[doctor.Level]int{}
	for _, f := range list {
		widest = max(widest, width(f.Name))
		counts[f.Level]++
	}
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s  %s  %s\n", p.level(f.Level), pad(p.Bold(f.Name), widest), OneLine(f.Value))
		for _, line := range []string{f.Cost, prefixed("to mend it: ", f.Mend), prefixed("needed by ", strings.Join(f.NeededBy, ", "))} {
			if line != "" && f.Level != doctor.OK {
				b.WriteString(strings.Repeat(" ", len("missing")+2) + OneLine(line) + "\n")
			}
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d limited, %d missing\n", counts[doctor.OK], counts[doctor.Limited], counts[doctor.Missing])
	return b.String()
}

// level gives the word in its colour, as wide as the widest.
func (p Paint) level(l doctor.Level) string {
	paint := map[doctor.Level]func(string) string{doctor.OK: p.Good, doctor.Limited: p.Warn, doctor.Missing: p.Bad}[l]
	return pad(paint(string(l)), len("missing"))
}

func pad(s string, columns int) string { return s + strings.Repeat(" ", max(0, columns-width(s))) }

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
