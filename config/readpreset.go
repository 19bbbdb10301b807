package config

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// readPreset comes first: what the service says itself wins.
func (n *node) readPreset(s *Service) {
	take(n, "preset", &s.Preset, asPreset)
	if a := n.content.Attributes["preset"]; a != nil {
		s.presetPlace = a.Expr.Range()
	}
	if p, ok := presetOf(s.Preset); ok {
		p.apply(s)
		s.misfit = !n.usable("preset", s.Preset, place{})
	}
}

func asPreset(v cty.Value) (string, *refusal) {
	s, r := asText(v)
	if r != nil {
		return "", r
	}
	if _, ok := presetOf(s); !ok {
		return "", &refusal{cause: fmt.Sprintf("there is no preset %q", shorten(s)), advice: advisePreset(s)}
	}
	return s, nil
}

// presetAliases are names under which people look for a program.
var presetAliases = map[string]string{
	"apache2": "apache", "httpd": "apache", "openresty": "nginx", "nghttp2": "nghttpx", "nodejs": "node", "python3": "python", "php": "php-fpm",
	"systemd": "go", "golang": "go", "xinetd": "inetd", "rack": "puma",
}

func advisePreset(name string) string {
	if alias := presetAliases[name]; alias != "" {
		return fmt.Sprintf("Did you mean %q?", alias)
	}
	var names []string
	for _, p := range presets() {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return didYouMean(name, names, "presets")
}
