package control

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

type service = supervisor.ServiceStatus

// running is a service in its generation n.
func running(n int) service {
	return service{Name: "app", State: "running", Generation: n, Newest: n, Wanted: 1}
}

// with changes a copy.
func with(s service, change func(*service)) service {
	change(&s)
	return s
}

func rolling(from, to int, step string) service {
	return with(running(from), func(s *service) {
		s.State, s.Newest, s.Rollout = "rolling-out", to, &supervisor.RolloutStatus{From: from, To: to, Step: step}
	})
}

func inState(s service, state, reason string) service {
	return with(s, func(s *service) { s.State, s.Reason = state, reason })
}

func waitingFor(s service, operation string) service {
	return with(s, func(s *service) { s.Waiting = []string{operation} })
}

func rolledBack(s service, newest int, why string) service {
	return with(s, func(s *service) { s.Newest, s.RolledBack, s.Reason = newest, why, why })
}

var (
	off     = service{Name: "app", State: "stopped", Newest: 4, Wanted: 1}
	off5    = service{Name: "app", State: "stopped", Newest: 5, Wanted: 1}
	ranOut5 = inState(running(5), "stopped", "")
)

type judgement struct {
	before, now service
	state       state
	reason      string
}

func try(t *testing.T, look func(before, now service) verdict, cases map[string]judgement) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := look(c.before, c.now)
			if d := cmp.Diff([]any{c.state, c.reason}, []any{v.state, v.reason}); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestJudgeRestart(t *testing.T) {
	const why = "cannot roll out generation 5"
	try(t, judgeRestart, map[string]judgement{
		"never taken in":             {running(4), running(4), unknown, ""},
		"an older failure":           {rolledBack(running(3), 4, "old"), rolledBack(running(3), 4, "old"), unknown, ""},
		"waits":                      {rolling(3, 4, "ready"), waitingFor(rolling(3, 4, "drain"), "restart"), pending, ""},
		"begun":                      {running(4), rolling(4, 5, "start"), pending, ""},
		"drains":                     {running(4), with(rolling(4, 5, "drain"), func(s *service) { s.Generation = 5 }), pending, ""},
		"done":                       {running(4), running(5), done, ""},
		"done, and the next one":     {running(4), rolling(5, 6, "start"), done, ""},
		"done, and broken since":     {running(4), inState(running(5), "degraded", "crashed"), done, ""},
		"fails":                      {running(4), rolledBack(rolling(4, 5, "rollback"), 5, why), failed, why},
		"failed":                     {running(4), rolledBack(running(4), 5, why), failed, why},
		"failed, and the next one":   {running(4), rolledBack(rolling(4, 6, "start"), 6, why), failed, why},
		"failed before it was there": {running(4), rolledBack(running(4), 4, why), failed, why},
		"boots":                      {off, inState(running(5), "starting", ""), pending, ""},
		"booted":                     {off, running(5), done, ""},
		"cannot boot":                {off, inState(running(5), "degraded", "crashed"), failed, `cannot start service "app": crashed; it is tried again`},
		"stopped meanwhile":          {running(4), off5, failed, `service "app" has been stopped meanwhile`},
		"being stopped":              {running(4), rolledBack(inState(running(4), "stopping", ""), 5, why), failed, why},
		"removed":                    {running(4), serviceOf(supervisor.Status{}, "app"), unknown, ""},
	})
}

func TestJudgeStart(t *testing.T) {
	try(t, judgeStart, map[string]judgement{
		"never taken in":         {off, off, unknown, ""},
		"waits":                  {off, waitingFor(inState(off, "stopping", ""), "start"), pending, ""},
		"starting":               {off, inState(running(5), "starting", ""), pending, ""},
		"started":                {off, running(5), done, ""},
		"ran before":             {running(4), running(4), done, ""},
		"in a rollout":           {rolling(3, 4, "start"), rolling(3, 4, "ready"), pending, ""},
		"fails":                  {off, inState(running(5), "degraded", "crashed"), failed, `cannot start service "app": crashed; it is tried again`},
		"failed for good":        {off, inState(running(5), "stopped", "crashed"), failed, `cannot start service "app": crashed`},
		"ended as it was to":     {off, ranOut5, done, ""},
		"was degraded before":    {inState(running(4), "degraded", "x"), inState(running(4), "degraded", "x"), unknown, ""},
		"being stopped":          {off, inState(running(5), "stopping", ""), failed, `service "app" has been stopped meanwhile`},
		"stopped":                {off, off5, failed, `service "app" has been stopped meanwhile`},
		"being stopped as ever":  {inState(running(4), "stopping", ""), inState(running(4), "stopping", ""), unknown, ""},
		"no generation was made": {off, inState(off, "stopped", "no such listener"), unknown, ""},
	})
}

func TestJudgeStop(t *testing.T) {
	try(t, judgeStop, map[string]judgement{
		"never taken in": {running(4), running(4), unknown, ""},
		"stopping":       {running(4), inState(running(4), "stopping", ""), pending, ""},
		"stopped":        {running(4), off, done, ""},
		"has run out":    {running(5), ranOut5, unknown, ""}, // its workers are gone, its generation is not
		"started again":  {running(4), running(5), unknown, ""},
	})
}

func TestJudgeScale(t *testing.T) {
	to := func(n int, s service) service { return with(s, func(s *service) { s.Wanted = n }) }
	try(t, judgeScale(3), map[string]judgement{
		"never taken in":     {running(4), running(4), unknown, ""},
		"waits":              {rolling(3, 4, "start"), waitingFor(rolling(3, 4, "start"), "scale"), pending, ""},
		"starting":           {running(4), to(3, inState(running(4), "starting", "")), pending, ""},
		"done":               {running(4), to(3, running(4)), done, ""},
		"in a rollout":       {running(4), to(3, rolling(4, 5, "start")), pending, ""},
		"fails":              {running(4), to(3, inState(running(4), "degraded", "crashed")), failed, `cannot start service "app": crashed; it is tried again`},
		"of one that is off": {off, to(3, off), done, ""},
		"stopped":            {running(4), to(3, off), failed, `service "app" has been stopped meanwhile`},
		"being stopped":      {running(4), to(3, inState(running(4), "stopping", "")), failed, `service "app" has been stopped meanwhile`},
		"ended as meant":     {running(5), to(3, ranOut5), done, ""},
	})
}

func TestJudgeReload(t *testing.T) {
	const why = "cannot roll out generation 5"
	named := func(s service, name string) service { return with(s, func(s *service) { s.Name = name }) }
	fresh := named(service{State: "stopped"}, "new")
	old := []service{running(4), named(running(1), "db")}
	for name, c := range map[string]struct {
		hash   string
		now    []service
		state  state
		reason string
	}{
		"never taken in":              {"a", old, unknown, ""},
		"nothing to do":               {"b", old, done, ""},
		"a rollout":                   {"b", []service{rolling(4, 5, "start"), old[1]}, pending, ""},
		"adjusts":                     {"b", []service{waitingFor(rolling(3, 4, "start"), "adjust"), old[1]}, pending, ""},
		"done":                        {"b", []service{running(5), old[1]}, done, ""},
		"rolled back":                 {"b", []service{rolledBack(running(4), 5, why), old[1]}, failed, why},
		"rolled back at once":         {"b", []service{rolledBack(running(4), 4, why), old[1]}, failed, why},
		"two rolled back":             {"b", []service{rolledBack(running(4), 5, why), rolledBack(named(running(1), "db"), 2, "so too")}, failed, why + "\nso too"},
		"rolled back, others move":    {"b", []service{rolledBack(running(4), 5, why), named(rolling(1, 2, "start"), "db")}, pending, ""},
		"a new one starts":            {"b", append([]service{named(inState(running(1), "starting", ""), "new")}, old...), pending, ""},
		"a new one is up":             {"b", append([]service{named(running(1), "new")}, old...), done, ""},
		"a new one fails":             {"b", append([]service{named(inState(running(1), "degraded", "no"), "new")}, old...), failed, `cannot start service "new": no; it is tried again`},
		"a new one waits":             {"b", append([]service{fresh}, old...), pending, ""},
		"a new one waits for nothing": {"b", []service{fresh, running(4), named(inState(running(1), "degraded", "no"), "db")}, done, ""},
		"one was removed":             {"b", old[:1], done, ""},
		"one is being removed":        {"b", []service{running(4), named(inState(running(1), "stopping", ""), "db")}, pending, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := judgeReload(supervisor.Status{ConfigHash: "a", Services: old}, supervisor.Status{ConfigHash: c.hash, Services: c.now})
			if d := cmp.Diff([]any{c.state, c.reason}, []any{v.state, v.reason}); d != "" {
				t.Error(d)
			}
		})
	}
}
