package config

import "slices"

// Preset is what supervise knows of a program. It gives defaults to a service, which wins with what it says itself.
type Preset struct {
	Name string `json:"name"`
	// About says what the program is, in a few words.
	About string `json:"about"`
	// Handoff and ListenPID are those of Service.
	Handoff   []string `json:"handoff"`
	ListenPID string   `json:"listen_pid"`
	// Ready, Signal and Strategy are ready.when, stop.signal and rollout.strategy.
	Ready    string `json:"ready"`
	Signal   string `json:"stop_signal"`
	Strategy string `json:"strategy"`
}

// Presets gives all presets in the order of the documentation. They are copies.
func Presets() []Preset {
	return slices.Clone(presets())
}

// presetOf gives the preset of that name, false when there is none.
func presetOf(name string) (Preset, bool) {
	for _, p := range presets() {
		if p.Name == name {
			return p, true
		}
	}
	return Preset{}, false
}

func presets() []Preset { return nil }
