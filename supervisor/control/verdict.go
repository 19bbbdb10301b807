package control

import (
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// verdict is what the status that a manager gives says of a call to the one before.
type verdict struct {
	state      state
	reason     string // of a failure, the sentence that the call would have ended with
	service    string // of a failure
	generation int    // whose last lines tell why; 0 for none
}

type state int

const (
	pending state = iota // it goes on
	done
	failed
	unknown // there is no trace of it: it was never taken in
)

// judge compares how it was before a call with how it is now.
type judge func(before, now supervisor.Status) verdict

// judgeOne is a judge that looks at one service.
func judgeOne(name string, look func(before, now supervisor.ServiceStatus) verdict) judge {
	return func(before, now supervisor.Status) verdict {
		v := look(serviceOf(before, name), serviceOf(now, name))
		v.service = name
		return v
	}
}

func isStopped(s supervisor.ServiceStatus) bool { return s.State == "stopped" && s.Generation == 0 }

func waits(s supervisor.ServiceStatus, operation string) bool {
	return slices.Contains(s.Waiting, operation)
}

// isRolledBack is whether a rollout has failed in between.
func isRolledBack(before, now supervisor.ServiceStatus) bool {
	return now.RolledBack != "" && now.RolledBack != before.RolledBack
}

func stoppedMeanwhile(s supervisor.ServiceStatus) verdict {
	return verdict{state: failed, reason: fmt.Sprintf("service %q has been stopped meanwhile", s.Name)}
}

// judgeRestart looks for the first generation after those that there were.
func judgeRestart(before, now supervisor.ServiceStatus) verdict {
	mine := before.Newest + 1
	switch {
	case now.Newest < mine && waits(now, "restart"):
		return verdict{state: pending}
	case now.Newest < mine && isRolledBack(before, now): // it failed before the generation was there
		return verdict{state: failed, reason: now.RolledBack}
	case now.Newest < mine:
		return verdict{state: unknown}
	}
	return judgeGeneration(before, now, mine)
}

// judgeGeneration is how the rollout of a generation goes on that was begun.
func judgeGeneration(before, now supervisor.ServiceStatus, mine int) verdict {
	r := now.Rollout
	switch {
	case r != nil && r.To == mine && r.Step == "canary" && r.Until.IsZero(): // who has begun it does not wait for its end
		return verdict{state: done}
	case r != nil && r.To == mine && r.Step != "rollback":
		return verdict{state: pending}
	case now.Generation >= mine && before.Generation == 0:
		return judgeStart(before, now)
	case now.Generation >= mine:
		return verdict{state: done}
	case now.RolledBack != "":
		return verdict{state: failed, reason: now.RolledBack, generation: mine}
	}
	return stoppedMeanwhile(now)
}

func judgeStart(before, now supervisor.ServiceStatus) verdict {
	begun := now.Newest > before.Newest
	switch {
	case now.State == "running":
		return verdict{state: done}
	case now.State == "starting", now.State == "rolling-out", waits(now, "start"):
		return verdict{state: pending}
	case !begun:
		return verdict{state: unknown}
	case now.State == "stopping", isStopped(now):
		return stoppedMeanwhile(now)
	case now.Reason == "": // its workers have ended as they were meant to
		return verdict{state: done}
	}
	return notStarted(now)
}

// notStarted is what a call says that waits for a service whose worker has failed.
func notStarted(now supervisor.ServiceStatus) verdict {
	err := supervisor.StartError{Service: now.Name, Reason: now.Reason, Final: now.State == "stopped"}
	return verdict{state: failed, reason: err.Error(), generation: now.Generation}
}

func judgeStop(_, now supervisor.ServiceStatus) verdict {
	switch {
	case isStopped(now):
		return verdict{state: done}
	case now.State == "stopping":
		return verdict{state: pending}
	}
	return verdict{state: unknown}
}

// judgeScale is the judge of a scale to n workers.
func judgeScale(n int) func(before, now supervisor.ServiceStatus) verdict {
	return func(before, now supervisor.ServiceStatus) verdict {
		switch {
		case waits(now, "scale"), waits(now, "adjust"):
			return verdict{state: pending}
		case now.Wanted != n:
			return verdict{state: unknown}
		case isStopped(now) && before.Generation == 0, now.State == "running":
			return verdict{state: done}
		case isStopped(now), now.State == "stopping":
			return stoppedMeanwhile(now)
		case now.State == "starting", now.State == "rolling-out":
			return verdict{state: pending}
		case now.Reason == "":
			return verdict{state: done}
		}
		return notStarted(now)
	}
}

// judgeReload looks at all services: those that another configuration has moved, those that it has added, and those that it has taken
// away, which are to be seen until they are stopped.
func judgeReload(before, now supervisor.Status) verdict {
	if now.ConfigHash == before.ConfigHash {
		return verdict{state: unknown}
	}
	sum := verdict{state: done}
	stuck := slices.ContainsFunc(now.Services, func(s supervisor.ServiceStatus) bool { return s.State == "degraded" })
	for _, s := range now.Services {
		was := serviceOf(before, s.Name)
		switch v := judgeMoved(was, s); {
		case v.state == pending, s.Newest == 0 && !isKnown(before, s.Name) && !stuck: // it waits for those that it depends on
			return verdict{state: pending}
		case v.state == failed:
			sum = sum.and(s.Name, v)
		}
	}
	return sum
}

// and adds a failure.
func (v verdict) and(service string, failure verdict) verdict {
	if v.state != failed {
		failure.service = service
		return failure
	}
	v.reason += "\n" + failure.reason
	return v
}

func isKnown(s supervisor.Status, name string) bool {
	return slices.ContainsFunc(s.Services, func(one supervisor.ServiceStatus) bool { return one.Name == name })
}

func judgeMoved(before, now supervisor.ServiceStatus) verdict {
	switch {
	case len(now.Waiting) > 0, now.State == "stopping":
		return verdict{state: pending}
	case now.Newest > before.Newest:
		return judgeGeneration(before, now, now.Newest)
	case isRolledBack(before, now):
		return verdict{state: failed, reason: now.RolledBack}
	}
	return verdict{state: done}
}

// serviceOf gives one service. One that there is not looks as if it had never been started.
func serviceOf(s supervisor.Status, name string) supervisor.ServiceStatus {
	for _, one := range s.Services {
		if one.Name == name {
			return one
		}
	}
	return supervisor.ServiceStatus{Name: name, State: "stopped"}
}
