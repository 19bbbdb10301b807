package view

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

func TestStatusOfServes(t *testing.T) {
	s := supervisor.Status{Serves: []supervisor.ServeStatus{
		{Name: "holder", Protocol: "s6-fdholder", Address: "unix:///run/h", Listeners: []string{"web", "admin"}, Stored: []string{"app.a"}, Clients: 2},
	}}
	text := Status(s, time.Time{}, Paint{})
	var got string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "holder") {
			got = strings.Join(strings.Fields(line), " ")
		}
	}
	if want := "holder s6-fdholder unix:///run/h web, admin app.a 2"; got != want {
		t.Errorf("got %q in\n%s", got, text)
	}
	if text := Status(supervisor.Status{}, time.Time{}, Paint{}); strings.Contains(text, "SERVE") {
		t.Errorf("a table of nothing:\n%s", text)
	}
}
