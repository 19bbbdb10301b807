package view

import (
	"fmt"
	"strings"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Introduction is what a terminal shows at start: a line for each listener and service.
func Introduction(s supervisor.Status, p Paint) string {
	var t Table
	t.Row("", "", "", "")
	for _, l := range s.Listeners {
		text := ""
		if l.Backlog.Effective > 0 {
			text = fmt.Sprintf("backlog %d", l.Backlog.Effective)
		}
		t.Row(p.Faint("listener"), p.Bold(l.Name), l.Address, text)
	}
	for _, svc := range s.Services {
		t.Row(p.Faint("service"), p.Bold(svc.Name), "on "+strings.Join(listenersOf(s, svc.Name), ", "), p.State(svc.State))
	}
	return strings.TrimPrefix(t.String(), "\n")
}

func listenersOf(s supervisor.Status, service string) []string {
	var names []string
	for _, l := range s.Listeners {
		for _, name := range l.Services {
			if name == service {
				names = append(names, l.Name)
			}
		}
	}
	if names == nil {
		return []string{"no listener"}
	}
	return names
}
