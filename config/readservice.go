package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// MaxWorkers of a service bound a slip of the finger, in a file as in a command.
const MaxWorkers = 1000

const unlimited = math.MaxUint64

func (r *reader) readService(block *hcl.Block, names firsts) {
	name, _, ok := r.label(block, names)
	n := r.open("service", fmt.Sprintf("service %q", name), block.TypeRange, block.Body)
	s := defaultService(name, r.config.System)
	s.Where, s.place, s.written = where(block.TypeRange), block.TypeRange, n.written
	s.late.files, s.late.paths, s.late.system = r.files, r.paths, r.config.System
	n.readPreset(s)

	n.readProcess(s)
	n.readRunning(s)
	n.readHandoff(s)
	n.readReady(n.one("ready"), s)
	n.one("stop").readStop(s)
	n.one("restart").readRestart(&s.Restart)
	n.readHealth(n.one("health"), s)
	n.one("rollout").readRollout(s)
	s.Limits, s.Max = n.one("limits").readLimits()
	n.one("hooks").readHooks(s)
	if ok {
		r.config.Services = append(r.config.Services, s)
	}
}

// readProcess reads what the process of a worker is.
func (n *node) readProcess(s *Service) {
	if _, given := n.has("command"); !given && !n.broken {
		n.fail(n.at, fmt.Sprintf("cannot use %s: it has no command", n.noun), adviseCommand(s))
	}
	for _, name := range []string{"command", "environment", "directory"} {
		s.late.keep(n, name)
	}
	take(n, "user", &s.User, asAccount)
	take(n, "group", &s.Group, asAccount)
	take(n, "groups", &s.Groups, asAccounts)
	take(n, "umask", &s.Umask, orNil(asOctal))
	take(n, "environment_files", &s.EnvironmentFiles, n.asEnvironmentFiles)
	take(n, "inherit_environment", &s.InheritEnvironment, asBool)
	take(n, "nice", &s.Nice, orNil(asInteger(-20, 19)))
	take(n, "oom_score_adjust", &s.OOMScoreAdjust, orNil(asInteger(-1000, 1000)))
	take(n, "no_new_privileges", &s.NoNewPrivileges, asBool)
}

// adviseCommand has what the preset says a command looks like: a preset supplies none.
func adviseCommand(s *Service) string {
	if p, ok := presetOf(s.Preset); ok {
		return fmt.Sprintf("Add for example command = [%s]; supervise presets %s says what it needs.", list(p.Command), p.Name)
	}
	return `Add for example command = ["./app"].`
}

func (n *node) readRunning(s *Service) {
	take(n, "workers", &s.Workers, asInteger(0, MaxWorkers))
	take(n, "output", &s.Output, n.asOutput)
	s.dependsOn = takeNames(n, "depends_on", &s.DependsOn)
	n.failTwice("depends_on", s.dependsOn)
}

func asAccounts(v cty.Value) ([]string, *refusal) {
	if names, r := asNames(v); r != nil {
		return names, r
	}
	return asElements(v, asAccount)
}

// asEnvironmentFiles makes paths absolute and keeps the "-" before one that may be missing.
func (n *node) asEnvironmentFiles(v cty.Value) ([]string, *refusal) {
	paths, r := asNames(v)
	if r != nil {
		return nil, r
	}
	for i, path := range paths {
		bare, optional := strings.CutPrefix(path, "-")
		if bare == "" {
			return nil, (&refusal{cause: "it has no path", advice: `Write "-/path" for a file that may be missing.`}).in(i, "")
		}
		full, r := n.absolute(bare)
		if r != nil {
			return nil, r.in(i, "")
		}
		if paths[i] = full; optional {
			paths[i] = "-" + full
		}
	}
	return paths, nil
}

func (n *node) asOutput(v cty.Value) (Output, *refusal) {
	s, r := asText(v)
	if r != nil {
		return Output{}, r
	}
	path, file := strings.CutPrefix(s, "file://")
	kinds := []string{"prefix", "inherit", "null", "file"}
	switch {
	case file && (path == "" || strings.HasSuffix(path, "/")):
		return Output{}, &refusal{cause: fmt.Sprintf("%q names no file", shorten(s)), advice: "Write file://PATH."}
	case file:
		full, r := n.absolute(path)
		return Output{Kind: "file", Path: full}, r
	case strings.ContainsRune(s, '/'):
		return Output{}, &refusal{cause: fmt.Sprintf("%q is not known", shorten(s)), advice: fmt.Sprintf("For a file write %q.", "file://"+shorten(s))}
	case s == "file" || !slices.Contains(kinds, s):
		return Output{}, &refusal{cause: fmt.Sprintf("%q is not known", shorten(s)), advice: didYouMean(s, []string{"prefix", "inherit", "null", "file://PATH"}, "outputs")}
	}
	return Output{Kind: s}, nil
}

func (n *node) readRestart(s *Restart) {
	take(n, "when", &s.When, asChoice("values", "always", "on-failure", "never"))
	take(n, "backoff", &s.Backoff, asDuration(time.Millisecond, longest, 1))
	take(n, "backoff_max", &s.BackoffMax, asDuration(time.Millisecond, longest, 1))
	take(n, "window", &s.Window, asDuration(0, longest, 1))
	if s.BackoffMax >= s.Backoff {
		return
	}
	name := "backoff_max"
	if _, given := n.has(name); !given {
		name = "backoff"
	}
	n.failAt(name, fmt.Sprintf("backoff_max (%s) is shorter than backoff (%s)", s.BackoffMax, s.Backoff), "Raise backoff_max or lower backoff.")
}

func (n *node) readLimits() (limits []Limit, most Max) {
	for _, l := range []struct {
		resource string
		number   func(cty.Value) (uint64, *refusal)
	}{{"nofile", asCount}, {"nproc", asCount}, {"core", parseSize}} {
		limit := &Limit{Resource: l.resource}
		take(n, l.resource, &limit, func(v cty.Value) (*Limit, *refusal) { return asLimit(v, l.resource, l.number) })
		if _, given := n.has(l.resource); given {
			limits = append(limits, *limit)
		}
	}
	take(n, "memory_max", &most.Memory, asMemory)
	take(n, "cpu_max", &most.CPU, asCPUs)
	take(n, "pids_max", &most.PIDs, asInteger(1, maxPIDs))
	return limits, most
}

// asLimit reads "unlimited", a number for both limits, or "SOFT:HARD".
func asLimit(v cty.Value, resource string, number func(cty.Value) (uint64, *refusal)) (*Limit, *refusal) {
	s, r := asText(v)
	if r != nil {
		return nil, r
	}
	left, right, two := strings.Cut(s, ":")
	if !two {
		right = left
	}
	soft, r := orUnlimited(left, number)
	if r != nil {
		return nil, r
	}
	hard, r := orUnlimited(right, number)
	switch {
	case r != nil:
		return nil, r
	case soft > hard:
		return nil, &refusal{cause: fmt.Sprintf("the soft limit of %q is above the hard one", s), advice: "Write SOFT:HARD with SOFT at most HARD, or one number for both."}
	case resource == "nofile" && hard == unlimited:
		return nil, &refusal{cause: "nofile cannot be unlimited, setrlimit(2) answers EPERM above fs.nr_open", advice: "Write a number, like 65536."}
	}
	return &Limit{Resource: resource, Soft: soft, Hard: hard}, nil
}

func orUnlimited(s string, number func(cty.Value) (uint64, *refusal)) (uint64, *refusal) {
	if s == "unlimited" {
		return unlimited, nil
	}
	return number(cty.StringVal(s))
}

func asCount(v cty.Value) (uint64, *refusal) {
	n, r := asInteger(0, math.MaxInt64)(v)
	if r != nil {
		r.advice = `Write a whole number, "SOFT:HARD" or "unlimited".`
	}
	return uint64(n), r
}

func (n *node) readHooks(s *Service) {
	for _, name := range shapes["hooks"].attributes {
		s.late.keep(n, name)
	}
}
