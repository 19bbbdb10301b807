package config

import (
	"path/filepath"
	"testing"
)

// What is said of paths of Windows on every system is what Windows's own functions say.
func TestPathsAsFilepath(t *testing.T) {
	p := paths{windows: true, folder: `Z:\etc`}
	for _, text := range []string{
		`C:\a\..\b`, `C:/a//b/.`, `C:\..`, `\\files\share\a\..\..\b`, `\\files\share\`, `Z:\etc\a b\c.d`, `C:\`,
	} {
		if got, want := p.clean(text), filepath.Clean(text); got != want {
			t.Errorf("clean of %q: got %q, want %q", text, got, want)
		}
		if got, want := p.isAbs(text), filepath.IsAbs(text); got != want {
			t.Errorf("%q is absolute: got %v, want %v", text, got, want)
		}
		if got, want := p.dir(text), filepath.Dir(text); got != want {
			t.Errorf("dir of %q: got %q, want %q", text, got, want)
		}
		if got, want := p.base(text), filepath.Base(text); got != want && want != `\` {
			t.Errorf("base of %q: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"a", `\a`, "C:a", "C:"} {
		if p.isAbs(text) || filepath.IsAbs(text) {
			t.Errorf("%q is absolute", text)
		}
	}
}
