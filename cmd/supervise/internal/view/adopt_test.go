package view

import (
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// TestAdopt shows a program that knows nothing of its listeners: what would be, and what is.
func TestAdopt(t *testing.T) {
	plan := Plan{Control: "/c.sock", Services: []PlanService{{
		Name: "app", Handoff: []string{"adopt"}, Strategy: "overlap", Ready: "auto", Timeout: "30s", Stop: "SIGKILL", Drain: "30s",
		Workers: []supervisor.WorkerPlan{{
			Service: "app", Command: []string{"nginx"}, Directory: "/srv", Warnings: []string{"it is not allowed"},
			Adopts: []supervisor.PlannedAdoption{
				{Listener: "web", Address: "tcp4://0.0.0.0:80", Mode: "own", What: "the program's own socket"},
				{Listener: "api", Address: "unix:///run/api.sock", Mode: "shared", What: "the one socket"},
			},
		}},
	}}}
	status := supervisor.Status{Version: "v1", StartedAt: start, Services: []supervisor.ServiceStatus{{
		Name: "app", State: "rolling-out", Generation: 1, Workers: []supervisor.WorkerStatus{
			{Generation: 1, PID: 7, Phase: "ready", StartedAt: start, Status: "fine",
				Adopted: []supervisor.AdoptedStatus{{Listener: "web", Mode: "own"}, {Listener: "api", Mode: "shared"}}},
			{Generation: 2, PID: 9, Phase: "starting", StartedAt: start, NotIntercepted: "it has changed its user\nbefore"},
		},
	}}}
	golden(t, "adopt.txt", plan.String(Paint{})+"\n"+Status(status, at(5), Paint{}))
}
