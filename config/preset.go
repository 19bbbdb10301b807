package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Preset is what supervise knows of a program. It gives defaults to a service, which wins with what it says itself.
type Preset struct {
	Name string `json:"name"`
	// About says what the program is, in a few words.
	About string `json:"about"`
	// Handoff and ListenPID are those of Service; ListenPID "" is the default of the language.
	Handoff   []string `json:"handoff"`
	ListenPID string   `json:"listen_pid,omitempty"`
	// Ready is ready.when, with Pattern for log. Settle and Timeout are those of ready; "" is the default of the language.
	Ready   string `json:"ready"`
	Pattern string `json:"pattern,omitempty"`
	Settle  string `json:"ready_settle,omitempty"`
	Timeout string `json:"ready_timeout,omitempty"`
	// Signal is stop.signal: the one on which the program drains.
	Signal string `json:"stop_signal"`
	// Strategy is rollout.strategy; "" is the default of the language.
	Strategy string `json:"strategy,omitempty"`
	// Command is an example, as a file would have it, for a listener "web".
	Command []string `json:"command"`
	// PIDFile is the template of the pid file in Command; "" when the program needs none.
	PIDFile string `json:"pid_file,omitempty"`
	// Alone is whether the program takes no listeners.
	Alone bool `json:"alone,omitempty"`
	// Lines are further lines of the service block in the example.
	Lines []string `json:"lines,omitempty"`
	// Needs is what must stand in the program's own configuration, and what else to know, a sentence each.
	Needs []string `json:"needs,omitempty"`
	// Traps are what goes wrong. Those that apply to a service are Warnings of its Config.
	Traps []Trap `json:"traps,omitempty"`
}

// Trap is something that goes wrong under a condition.
type Trap struct {
	Text, Advice string
	when         condition
}

// When says in words under which condition the trap applies.
func (t Trap) When() string { return t.when.words }

// MarshalJSON has the keys when, text and advice.
func (t Trap) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"when": t.when.words, "text": t.Text, "advice": t.Advice})
}

// Presets gives all presets in the order of the documentation. The list is the caller's.
func Presets() []Preset { return presets() }

// presetOf gives the preset of that name, false when there is none.
func presetOf(name string) (Preset, bool) {
	all := presets()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}

// apply puts the defaults of the preset where those of the language were.
func (p Preset) apply(s *Service) {
	s.Handoff, s.Ready.When, s.Stop.Signal = slices.Clone(p.Handoff), p.Ready, p.Signal
	s.late.pattern = p.Pattern
	if p.ListenPID != "" {
		s.ListenPID = p.ListenPID
	}
	if p.Strategy != "" {
		s.Rollout.Strategy = p.Strategy
	}
	if d, err := time.ParseDuration(p.Settle); err == nil {
		s.Ready.Settle = d
	}
	if d, err := time.ParseDuration(p.Timeout); err == nil {
		s.Ready.Timeout = d
	}
}

// Example is a whole configuration with the preset, as a file would have it.
func (p Preset) Example() string {
	var b strings.Builder
	if !p.Alone {
		b.WriteString("listener \"web\" {\n  address = \"tcp://127.0.0.1:8080\"\n}\n")
	}
	fmt.Fprintf(&b, "service %q {\n  preset    = %q\n  command   = [%s]\n", p.Name, p.Name, list(p.Command))
	if !p.Alone {
		b.WriteString("  listeners = [\"web\"]\n")
	}
	for _, line := range p.Lines {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}
