package stage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxPlan bounds the bytes of an encoded plan. The kernel takes at most 6 MiB
// of arguments and environment (execve(2)), of which JSON makes six times as much.
const maxPlan = 64 << 20

// maxDescriptors bounds how many descriptors one worker gets.
const maxDescriptors = 1 << 16

// Unlimited is the value of a [Limit] that lifts it.
const Unlimited = ^uint64(0)

// Plan says what a stage does before it runs the command, and which command.
// Strings are bytes: also names and values that are not UTF-8 arrive unchanged.
type Plan struct {
	// Command is the argument list. A first element without a slash is looked up
	// in the PATH of Env, one with a slash is relative to Directory.
	Command []string
	// Env is the worker's whole environment, NAME=VALUE each.
	Env []string
	// OwnPID and ParentPID name variables set to the worker's own pid and to the
	// pid of its parent; they replace what Env has under these names.
	OwnPID, ParentPID []string
	// ParentPIDPrefixed name variables set to "parent:" and the pid of its parent.
	ParentPIDPrefixed []string
	// OwnPIDFDID name variables set to the inode number of the worker's own pidfd
	// (LISTEN_PIDFDID of sd_listen_fds(3)); without pidfs (before Linux 6.9) they
	// are left out, because there all pidfds have the same.
	OwnPIDFDID []string
	// Parent, if given, is a small process between the keeper and the command.
	Parent *Parent
	// Adopt, if given, has bind and listen of the command answered by supervise.
	Adopt *Adopt
	// Directory is entered before the command runs; "" stays where supervise is.
	Directory string
	// Numbers[i] is the worker's number for the i-th received descriptor. Each
	// is given once; of 0, 1 and 2 those not given become /dev/null.
	Numbers []int
	// Nonblocking are those of Numbers that get O_NONBLOCK, for a worker that relies on it. The flag is
	// shared by all who have the descriptor's open file description.
	Nonblocking []int
	// UID and GID, if given, become the real, effective and saved ids.
	UID, GID *uint32
	// Groups are the supplementary groups. Whoever changes UID or GID as root
	// gets exactly these, so none of supervise's own stay behind.
	Groups []uint32
	// Umask are the permission bits that new files do not get (umask(2)).
	Umask *uint32
	// Limits are set as setrlimit(2) does.
	Limits []Limit
	// Nice is -20 (first) to 19 (last), as in setpriority(2).
	Nice *int
	// OOMScoreAdjust is -1000 (never killed) to 1000, see proc(5).
	OOMScoreAdjust *int
	// NoNewPrivileges makes execve ignore setuid bits and file capabilities from
	// here on, also in the worker's children (PR_SET_NO_NEW_PRIVS).
	NoNewPrivileges bool
}

// Limit is one resource limit. Resource is the lower-case name of setrlimit(2)
// without RLIMIT_: "nofile", "nproc", "core". The unit is that of the resource;
// [Unlimited] lifts it.
type Limit struct {
	Resource string `json:"resource"`
	Soft     uint64 `json:"soft"`
	Hard     uint64 `json:"hard"`
}

// Environ is the environment of the stage process itself, not of the worker. It
// keeps the Go runtime from owning descriptors, whose numbers a worker may want:
// without garbage collection it starts no timer, hence no poller, and it does
// not keep the CPU limit files of its cgroup open.
func Environ() []string { return []string{"GOGC=off", "GODEBUG=containermaxprocs=0"} }

// wirePlan is the JSON form of a Plan.
type wirePlan struct {
	Command         []text   `json:"command"`
	Env             []text   `json:"env,omitempty"`
	OwnPID          []text   `json:"own_pid,omitempty"`
	ParentPID       []text   `json:"parent_pid,omitempty"`
	ParentPrefixed  []text   `json:"parent_pid_prefixed,omitempty"`
	OwnPIDFDID      []text   `json:"own_pidfdid,omitempty"`
	Parent          *Parent  `json:"parent,omitempty"`
	Adopt           *Adopt   `json:"adopt,omitempty"`
	Directory       text     `json:"directory,omitempty"`
	Numbers         []int    `json:"numbers,omitempty"`
	Nonblocking     []int    `json:"nonblocking,omitempty"`
	UID             *uint32  `json:"uid,omitempty"`
	GID             *uint32  `json:"gid,omitempty"`
	Groups          []uint32 `json:"groups,omitempty"`
	Umask           *uint32  `json:"umask,omitempty"`
	Limits          []Limit  `json:"limits,omitempty"`
	Nice            *int     `json:"nice,omitempty"`
	OOMScoreAdjust  *int     `json:"oom_score_adjust,omitempty"`
	NoNewPrivileges bool     `json:"no_new_privileges,omitempty"`
}

// MarshalJSON writes the form that [Plan.UnmarshalJSON] reads.
func (p Plan) MarshalJSON() ([]byte, error) {
	return json.Marshal(wirePlan{
		Command: texts(p.Command), Env: texts(p.Env), OwnPID: texts(p.OwnPID), ParentPID: texts(p.ParentPID),
		ParentPrefixed: texts(p.ParentPIDPrefixed), OwnPIDFDID: texts(p.OwnPIDFDID), Parent: p.Parent, Adopt: p.Adopt,
		Directory: text(p.Directory), Numbers: p.Numbers, Nonblocking: p.Nonblocking, UID: p.UID, GID: p.GID, Groups: p.Groups,
		Umask: p.Umask, Limits: p.Limits, Nice: p.Nice, OOMScoreAdjust: p.OOMScoreAdjust, NoNewPrivileges: p.NoNewPrivileges,
	})
}

// UnmarshalJSON reads a plan. Unknown fields are errors: a plan from another
// version of supervise must not be half understood.
func (p *Plan) UnmarshalJSON(b []byte) error {
	var w wirePlan
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return err
	}
	*p = Plan{
		Command: stringsOf(w.Command), Env: stringsOf(w.Env), OwnPID: stringsOf(w.OwnPID), ParentPID: stringsOf(w.ParentPID),
		ParentPIDPrefixed: stringsOf(w.ParentPrefixed), OwnPIDFDID: stringsOf(w.OwnPIDFDID), Parent: w.Parent, Adopt: w.Adopt,
		Directory: string(w.Directory), Numbers: w.Numbers, Nonblocking: w.Nonblocking, UID: w.UID, GID: w.GID, Groups: w.Groups,
		Umask: w.Umask, Limits: w.Limits, Nice: w.Nice, OOMScoreAdjust: w.OOMScoreAdjust, NoNewPrivileges: w.NoNewPrivileges,
	}
	return nil
}

// Check reports the first thing in p that no stage could do.
func (p Plan) Check() error {
	if len(p.Command) == 0 || p.Command[0] == "" {
		return &Failure{Op: "run a worker", Cause: "its command is empty"}
	}
	if err := p.checkStrings(); err != nil {
		return err
	}
	if len(p.Numbers) > maxDescriptors {
		return &Failure{Op: "give descriptors", Cause: fmt.Sprintf("%d are more than %d", len(p.Numbers), maxDescriptors)}
	}
	seen := make(map[int]bool, len(p.Numbers))
	for _, n := range p.Numbers {
		if n < 0 || seen[n] {
			return &Failure{Op: "give descriptor", Object: fmt.Sprint(n), Cause: "its number must be zero or more, and given once"}
		}
		seen[n] = true
	}
	for _, n := range p.Nonblocking {
		if !seen[n] {
			return &Failure{Op: "set O_NONBLOCK of descriptor", Object: fmt.Sprint(n), Cause: "it is not given"}
		}
	}
	if err := p.Adopt.check(p); err != nil {
		return err
	}
	return p.Parent.check()
}

// checkStrings refuses what the kernel cannot carry: it ends strings at the
// first zero byte, so a worker would silently get less than was written.
func (p Plan) checkStrings() error {
	for _, list := range append(p.bound(), p.Command, p.Env, []string{p.Directory}) {
		for _, s := range list {
			if strings.IndexByte(s, 0) >= 0 {
				return &Failure{Op: "pass", Object: s, Cause: "it contains a zero byte"}
			}
		}
	}
	for _, s := range p.Env {
		if strings.IndexByte(s, '=') <= 0 {
			return &Failure{Op: "set variable", Object: s, Cause: "it must look like NAME=VALUE"}
		}
	}
	for _, s := range slices.Concat(p.bound()...) {
		if s == "" || strings.IndexByte(s, '=') >= 0 {
			return &Failure{Op: "set variable", Object: s, Cause: "it must be a name"}
		}
	}
	return nil
}

// decodePlan reads the plan that was sent, and nothing but it.
func decodePlan(b []byte) (Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&p); err != nil {
		return Plan{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Plan{}, fmt.Errorf("more data after the plan")
	}
	return p, p.Check()
}

// lookup returns the value of the last entry called name: the one most programs see.
func lookup(env []string, name string) (value string, ok bool) {
	for _, v := range env {
		if n, rest, _ := strings.Cut(v, "="); n == name {
			value, ok = rest, true
		}
	}
	return value, ok
}
