package doctor

import "strings"

// Level says how good something is.
type Level string

// The levels. Limited works with a loss that Cost tells.
const (
	OK      Level = "ok"
	Limited Level = "limited"
	Missing Level = "missing"
)

// Finding is one thing that supervise can use.
type Finding struct {
	Name  string `json:"name"`
	Level Level  `json:"level"`
	Value string `json:"value"`          // what was found
	Cost  string `json:"cost,omitempty"` // what the lack costs, a sentence
	Mend  string `json:"mend,omitempty"` // what to do about it
	// NeededBy are the places of a configuration that need it: `service "app" (app.hcl:7)`.
	NeededBy []string `json:"needed_by,omitempty"`
}

// Failed is whether something that a configuration needs is missing.
func Failed(list []Finding) bool {
	for _, f := range list {
		if f.Level == Missing && len(f.NeededBy) > 0 {
			return true
		}
	}
	return false
}

// Judge says of each thing how good it is, and what of it the configuration needs.
func Judge(f Facts, n Needs) []Finding {
	if f.MissingAnswer != "" {
		return []Finding{{Name: "trying", Level: Missing, Value: f.MissingAnswer, Cost: "Nothing is known about this machine."}}
	}
	here := judges[:]
	if strings.HasPrefix(f.Machine, windowsMachine) {
		here = windowsJudges[:]
	}
	list := make([]Finding, 0, len(here))
	for _, judge := range here {
		finding := judge(f, n)
		if finding.Level == "" {
			continue // does not matter here
		}
		if finding.Level == OK {
			finding.Cost, finding.Mend = "", ""
		}
		list = append(list, finding)
	}
	return list
}

// judges are in the order in which people read them: who and where, taking sockets, steering, processes, queues, limits.
var judges = [...]func(Facts, Needs) Finding{
	kernel, user, lowPorts, otherUsers, networkAdmin, resources,
	notifyCalls, descriptors, memory, adopting,
	steering, waiting,
	groups, controller("memory"), controller("cpu"), controller("pids"),
	backlog, cookies, synBacklog, portRange, fastOpen,
	openFiles, lockedMemory, pipes, hiddenProcesses,
}
