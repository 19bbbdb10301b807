package view

import (
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

func TestRolloutText(t *testing.T) {
	now := time.Unix(1000, 0)
	canary := &supervisor.RolloutStatus{From: 1, To: 2, Step: "canary", Ready: 3, Workers: 4, Share: 0.025}
	timed := *canary
	timed.Until = now.Add(90 * time.Second)
	for want, s := range map[string]supervisor.ServiceStatus{
		"":                                  {},
		"1 to 2: start, 0 of 4 ready":       {Rollout: &supervisor.RolloutStatus{From: 1, To: 2, Step: "start", Workers: 4}},
		"1 to 2: canary 2.5%, 3 of 4 ready": {Rollout: canary},
		"1 to 2: canary 2.5% for 1m30s, 3 of 4 ready": {Rollout: &timed},
		"1 kept for 5m0s":    {Kept: &supervisor.KeptStatus{Generation: 1, Until: now.Add(5 * time.Minute)}},
		"1 is being stopped": {Kept: &supervisor.KeptStatus{Generation: 1}},
	} {
		if got := rolloutText(s, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
