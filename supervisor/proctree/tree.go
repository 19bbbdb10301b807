package proctree

import "strings"

// variable is the name of the mark in the environment.
const variable = "SUPERVISE_ID"

// Mark is the environment variable, NAME=VALUE, by which the processes of a
// worker are found again. The id must be unique on the machine.
func Mark(id string) string { return variable + "=" + id }

// IsMark tells whether an environment entry is a mark, of whatever worker.
func IsMark(entry string) bool { return strings.HasPrefix(entry, variable+"=") }

// Tree identifies the processes of one worker, also after its first process is
// gone. It is a value: copy it freely.
type Tree struct {
	Root int // pid of the first process

	// Start is when Root started, in clock ticks since boot (field 22 of
	// proc_pid_stat(5)). A process of the same pid but another start is a
	// stranger, so is its session. 0 = not known, not checked.
	Start uint64

	// Mark is the whole entry, as Mark makes it; "" = none.
	Mark string

	// Group is the path of the control group that Root was born in (package
	// cgroup), which holds nothing but this tree; "" = none.
	Group string

	// Job is the name of the Windows job object that Root was born in, which holds
	// nothing but this tree; "" = none.
	Job string
}

// Contains tells whether pid is root, a descendant, in the session or process
// group that root leads, or carries the mark that root has in its environment.
func Contains(root, pid int) bool { return Of(root).Contains(pid) }

// Members are the living processes for which Contains holds, in no order. For
// several trees, Look once and ask the Snapshot.
func Members(root int) []int { return Of(root).Members() }

// Members are the living processes that belong to t now, in no order.
func (t Tree) Members() []int { return Look().Members(t) }
