package view

import (
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
)

func TestPresets(t *testing.T) {
	list := config.Presets()
	golden(t, "presets.txt", Presets(list, Paint{}))
	for _, p := range list {
		if p.Name == "nginx" || p.Name == "java" || p.Name == "envoy" {
			golden(t, "preset-"+p.Name+".txt", Preset(p, Paint{}))
		}
		if text := Preset(p, Paint{}); !strings.Contains(text, p.Example()) || strings.Contains(text, "\x1b") {
			t.Errorf("of %s: %q", p.Name, text)
		}
	}
	golden(t, "preset-colour.txt", Preset(list[0], Paint{On: true}))
}
