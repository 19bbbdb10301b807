package supervisor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlannedChecks: `supervise check` says what will be checked, with the values of each worker.
func TestPlannedChecks(t *testing.T) {
	cfg := parse(t, `workers = 2
		health {
			http     = "http://127.0.0.1:${9000 + worker.index}/"
			expect   = "^ok$"
			command  = ["./check", worker.index]
			watchdog = "20s"
			failures = 1
		}`)
	plans, err := Plan(cfg, nil, "/run/supervise")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET http://127.0.0.1:9001/, which must match ^ok$, every 10s, within 5s; unhealthy after 1 failure in a row",
		"./check 1 every 10s, within 5s; unhealthy after 1 failure in a row",
		"WATCHDOG=1 at least every 20s",
	}
	if d := cmp.Diff(want, plans[1].Checks); d != "" {
		t.Error(d)
	}
	if plans, err = Plan(parse(t, ""), nil, "/run/supervise"); err != nil || plans[0].Checks != nil {
		t.Errorf("%v, %v", plans, err)
	}
}
