package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Scope is what the late expressions of one worker see.
type Scope struct {
	// Listeners are by name; also those that the service does not have, with FD -1.
	Listeners map[string]ListenerValue
	// Service is service.name, Generation generation (from 1), Worker worker.index (from 0).
	Service            string
	Generation, Worker int
	// RuntimeDir is worker.runtime_dir, a folder that only this worker uses.
	RuntimeDir string
	// Environ is env.*, in the form of os.Environ. CPUs is cpus.
	Environ []string
	CPUs    int
}

// ListenerValue is listener.NAME in an expression.
type ListenerValue struct {
	// FD is the descriptor number in the worker, -1 when the worker does not get it.
	FD int
	// Address is the URL form of the address, with the real port.
	Address string
	// Host and Port are of tcp, udp and vsock; Path of unix and fifo ("@name" for an abstract one). With Host "" expressions
	// see the wildcard of Address, "::" or "0.0.0.0".
	Host string
	Port int
	Path string
}

// Resolved is what one worker runs.
type Resolved struct {
	Command []string
	// Environment is only what the file adds.
	Environment map[string]string
	// Directory is absolute: by default the folder of the configuration file.
	Directory string
	// URL, Pattern and ReadyCommand are of ready: http, log and exec.
	URL, Pattern string
	ReadyCommand []string
	// Expect is a regular expression for the body of the answer from URL; "" is content with any.
	Expect string
	Health ResolvedHealth
	Hooks  ResolvedHooks
}

// ResolvedHealth is what the checks of health ask; zero values are not given.
type ResolvedHealth struct {
	URL     string
	Expect  string // a regular expression for the body of its answer
	Command []string
}

// ResolvedHooks are commands that run beside a worker's life; nil when not given.
type ResolvedHooks struct {
	BeforeStart, AfterReady, BeforeStop, AfterStop []string
}

// known makes what the expressions of l need of the scope.
func (s Scope) known(l *late) known {
	return known{
		variables: lateVariables,
		listeners: func() []string { return sortedKeys(s.Listeners) },
		environ:   func() []string { return sortedKeys(environment(s.Environ, l.paths.windows)) },
		owner:     s.Service,
		asks:      l.asks,
		adopts:    l.adopts,
		context: &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{
			"listener":   s.listeners(l),
			"env":        s.environment(l),
			"system":     cty.StringVal(l.system),
			"cpus":       cty.NumberIntVal(int64(s.CPUs)),
			"generation": cty.NumberIntVal(int64(s.Generation)),
			"service":    cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(s.Service)}),
			"worker": cty.ObjectVal(map[string]cty.Value{
				"index":       cty.NumberIntVal(int64(s.Worker)),
				"runtime_dir": cty.StringVal(s.RuntimeDir),
			}),
		}},
	}
}

func (s Scope) listeners(l *late) cty.Value {
	names := l.needs.listeners
	if l.needs.allListeners {
		names = sortedKeys(s.Listeners)
	}
	values := map[string]cty.Value{}
	for _, name := range names {
		if v, ok := s.Listeners[name]; ok {
			values[name] = v.object(!l.asks && !l.adopts && slices.Contains(l.own, name))
		}
	}
	return cty.ObjectVal(values)
}

func (s Scope) environment(l *late) cty.Value {
	if len(l.needs.environ) == 0 {
		return cty.EmptyObjectVal
	}
	values := environment(s.Environ, l.paths.windows)
	if !l.needs.allEnviron {
		maps.DeleteFunc(values, func(name string, _ cty.Value) bool { return !slices.Contains(l.needs.environ, name) })
	}
	return cty.ObjectVal(values)
}

func (v ListenerValue) host() string {
	a, err := ParseAddress(v.Address)
	if v.Host != "" || err != nil {
		return v.Host
	}
	return a.hostOrWildcard()
}

// object has the members that make sense for the listener, so that the others are errors.
func (v ListenerValue) object(own bool) cty.Value {
	members := map[string]cty.Value{"address": cty.StringVal(v.Address)}
	if own && v.FD >= 0 {
		members["fd"] = cty.NumberIntVal(int64(v.FD))
	}
	if v.Path != "" {
		members["path"] = cty.StringVal(v.Path)
	} else {
		members["host"] = cty.StringVal(v.host())
		members["port"] = cty.NumberIntVal(int64(v.Port))
	}
	return cty.ObjectVal(members)
}
