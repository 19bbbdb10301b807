package view

import (
	"runtime"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// A plan for another system says so, and a handle is called one.
func TestPlanOfAnotherSystem(t *testing.T) {
	files := []supervisor.PlannedFile{{FD: 0, What: "NUL"}, {FD: 1, What: "output"}, {FD: 2, What: "output"}, {FD: 4, Listener: "web", What: "tcp://:80"}}
	pl := Plan{
		Config: "app.hcl", System: "plan9",
		Listeners: []PlanListener{{Name: "web", Address: "tcp://:80", Backlog: supervisor.Backlog{Configured: 64, Effective: -1}}},
		Services:  []PlanService{{Name: "app", Workers: []supervisor.WorkerPlan{{Service: "app", Files: files, Handles: true}}}},
	}
	text := pl.String(Paint{})
	for _, want := range []string{"\nas it would be on plan9\n", "backlog  64\n", "stdin      NUL\n", "stderr     output\n", "handle     listener web  tcp://:80\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	pl.System = runtime.GOOS
	if text := pl.String(Paint{}); strings.Contains(text, "as it would be") {
		t.Error(text)
	}
}
