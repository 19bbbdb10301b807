package view

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// TestHealth: status says which worker is not well and why, and nothing of those that are; check says what will be checked.
func TestHealth(t *testing.T) {
	st := supervisor.Status{Services: []supervisor.ServiceStatus{{Name: "app", State: "degraded", Generation: 1, Workers: []supervisor.WorkerStatus{
		{Index: 0, Generation: 1, PID: 7, Phase: "ready", Health: "ok", Status: "busy"},
		{Index: 1, Generation: 1, PID: 8, Phase: "ready", Health: "failing 2/3: GET http://[::1]/: 503 Service\x1bUnavailable"},
	}}}}
	got := Status(st, time.Now(), Paint{})
	for _, want := range []string{"  busy\n", "  failing 2/3: GET http://[::1]/: 503 Service"} {
		if !strings.Contains(got, want) || strings.Contains(got, "ok") || strings.Contains(got, "\x1b") {
			t.Errorf("%q is not there:\n%s", want, got)
		}
	}
	plan := Plan{Services: []PlanService{{Name: "app", Workers: []supervisor.WorkerPlan{
		{Checks: []string{"GET http://127.0.0.1:9000/ every 10s"}}, {Worker: 1, Checks: []string{"GET http://127.0.0.1:9001/ every 10s"}},
	}}}}
	if got := plan.String(Paint{}); strings.Count(got, "health") != 2 || !strings.Contains(got, "GET http://127.0.0.1:9001/ every 10s\n") {
		t.Errorf("plan:\n%s", got)
	}
	if got := EventText(supervisor.Event{Kind: supervisor.KindWorkerUnhealthy, Service: "app", Message: "worker is unhealthy", Error: "it hangs"}); got != "app: worker is unhealthy: it hangs" {
		t.Errorf("event %q", got)
	}
}
