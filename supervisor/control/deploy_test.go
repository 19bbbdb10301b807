package control

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

func TestDeployVerbs(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	p := NewPatient(c, nil)
	ctx := t.Context()
	for _, err := range []error{
		c.RestartCanary(ctx, "app", config.Canary{Share: 0.05, For: 10 * time.Minute}, nil),
		c.RestartCanary(ctx, "app", config.Canary{Share: 0.001}, nil),
		c.Promote(ctx, "app", false, nil),
		c.Promote(ctx, "app", true, nil),
		c.Rollback(ctx, "app", nil),
		p.RestartCanary(ctx, "app", config.Canary{Share: 1. / 3}, nil),
		p.Promote(ctx, "app", true, nil),
		p.Rollback(ctx, "app", nil),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{"restart with 0.05 for 10m0s app", "restart with 0.001 for 0s app", "promote (retire false) app", "promote (retire true) app", "rollback app",
		`brief ["app"]`, "restart with 0.3333 for 0s app", `brief ["app"]`, "promote (retire true) app", `brief ["app"]`, "rollback app"}
	if d := cmp.Diff(want, f.called()); d != "" {
		t.Error(d)
	}
	var failed *Error
	if err := c.Rollback(ctx, "nobody", nil); !errors.As(err, &failed) || failed.Result.Code != CodeUsage {
		t.Errorf("a service that there is not: %v", err)
	}
}

func TestRestartBody(t *testing.T) {
	tests := []struct {
		body restartBody
		want *config.Canary
		err  string
	}{
		{restartBody{}, nil, ""},
		{restartBody{"5%", ""}, &config.Canary{Share: 0.05}, ""},
		{restartBody{"0.5%", "1m"}, &config.Canary{Share: 0.005, For: time.Minute}, ""},
		{restartBody{"", "1m"}, nil, `the body says for how long and not which share: {"canary":"5%","for":"10m"}`},
		{restartBody{"5", ""}, nil, `cannot use "5": it has no % (write "5%")`},
		{restartBody{"0%", ""}, nil, `cannot use "0%": it is out of range (it is more than 0% and less than 100%)`},
		{restartBody{"NaN%", ""}, nil, `cannot use "NaN%": it is no share (write for example "5%")`},
		{restartBody{"5%", "long"}, nil, `cannot use for: "long" is no duration (write one like "10m")`},
		{restartBody{"5%", "-1s"}, nil, `cannot use for: "-1s" is no duration (write one like "10m")`},
	}
	for _, tt := range tests {
		got, err := tt.body.read()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if d := cmp.Diff(tt.want, got); d != "" || text != tt.err {
			t.Errorf("%+v: %v %q", tt.body, got, text)
		}
		if got != nil {
			if again, err := canaryBody(*got).read(); err != nil || *again != *got {
				t.Errorf("%+v becomes %+v, %v", got, again, err)
			}
		}
	}
}

func inCanary(from, to int, until time.Time) service {
	return with(rolling(from, to, "canary"), func(s *service) { s.Rollout.Share, s.Rollout.Until = 0.1, until })
}

func keeping(s service, generation int) service {
	return with(s, func(s *service) {
		s.Kept, s.Newest = &supervisor.KeptStatus{Generation: generation, Until: time.Unix(1, 0)}, max(s.Newest, generation)
	})
}

func dismissing(s service, generation int) service {
	return with(keeping(s, generation), func(s *service) { s.Kept = &supervisor.KeptStatus{Generation: generation} })
}

func TestJudgeCanary(t *testing.T) {
	at := time.Unix(1, 0)
	try(t, judgeRestart, map[string]judgement{
		"has an end":     {running(4), inCanary(4, 5, at), pending, ""},
		"has none":       {running(4), inCanary(4, 5, time.Time{}), done, ""},
		"somebody else":  {inCanary(4, 5, at), inCanary(4, 5, at), unknown, ""},
		"old one kept":   {running(4), keeping(running(5), 4), done, ""},
		"waits its turn": {keeping(running(4), 3), waitingFor(dismissing(running(4), 3), "restart"), pending, ""},
	})
}

func TestJudgePromote(t *testing.T) {
	const why = "cannot roll out generation 5"
	at := time.Unix(1, 0)
	canary, kept, older := inCanary(4, 5, at), keeping(running(5), 4), keeping(running(4), 5)
	try(t, judgePromote(false), map[string]judgement{
		"never taken in":         {canary, canary, unknown, ""},
		"promotes":               {canary, rolling(4, 5, "promote"), pending, ""},
		"drains":                 {canary, with(rolling(4, 5, "drain"), func(s *service) { s.Generation = 5 }), pending, ""},
		"done":                   {canary, running(5), done, ""},
		"done, and kept":         {canary, kept, done, ""},
		"failed before":          {canary, rolledBack(running(4), 5, why), failed, why},
		"being rolled back":      {canary, rolledBack(rolling(4, 5, "rollback"), 5, why), failed, why},
		"never taken in, kept":   {older, older, unknown, ""},
		"returned":               {older, kept, done, ""},
		"is the current already": {running(5), running(5), done, ""},
		"gone meanwhile":         {older, rolledBack(with(running(4), func(s *service) { s.Newest = 5 }), 5, why), unknown, ""},
		"stopped meanwhile":      {canary, off5, failed, `service "app" has been stopped meanwhile`},
	})
	try(t, judgePromote(true), map[string]judgement{
		"never retired": {kept, kept, unknown, ""},
		"retires":       {kept, dismissing(running(5), 4), pending, ""},
		"retired":       {kept, running(5), done, ""},
	})
}

func TestJudgeRollback(t *testing.T) {
	const why = "cannot roll out generation 5"
	canary, kept := inCanary(4, 5, time.Time{}), keeping(running(5), 4)
	try(t, judgeRollback, map[string]judgement{
		"never taken in":       {canary, canary, unknown, ""},
		"given up":             {canary, rolledBack(rolling(4, 5, "rollback"), 5, why), done, ""},
		"is gone":              {canary, rolledBack(running(4), 5, why), done, ""},
		"never taken in, kept": {kept, kept, unknown, ""},
		"returned":             {kept, rolledBack(keeping(running(4), 5), 5, why), done, ""},
		"an older failure":     {rolledBack(kept, 5, "old"), rolledBack(kept, 5, "old"), unknown, ""},
		"stopped meanwhile":    {canary, off5, failed, `service "app" has been stopped meanwhile`},
		"was stopped":          {off5, off5, unknown, ""},
	})
}
