package config

import (
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	const drive = `is relative to the working folder of drive C:`
	tests := []struct {
		written, unix, windows string // a result, or a part of the refusal
	}{
		{"a", "/etc/a", `Z:\etc\a`},
		{"./a/../b/", "/etc/b", `Z:\etc\b`},
		{"../a", "/a", `Z:\a`},
		{"../../..", "/", `Z:\`},
		{"/a", "/a", `Z:\a`},
		{`\a`, `/etc/\a`, `Z:\a`},
		{`a\b`, `/etc/a\b`, `Z:\etc\a\b`},
		{"//a//b", "/a/b", `Z:\a\b`},
		{"C:/a/./b", "is a path of Windows", `C:\a\b`},
		{`c:\`, "is a path of Windows", `c:\`},
		{"C:a", "/etc/C:a", drive},
		{"C:", "/etc/C:", drive},
		{`\\files\share\a`, "is a path of Windows", `\\files\share\a`},
		{"//files/share/../a", "/files/a", `\\files\share\a`},
		{`\\files`, `/etc/\\files`, `Z:\files`},
		{`\\?\C:\a\..`, "is a path of Windows", `\\?\C:\a\..`},
		{"a:b", "/etc/a:b", "of drive a:"},
		{"ab:/c", "/etc/ab:/c", "has no ':'"},
		{"a?", "/etc/a?", "has no '?'"},
		{"\x01", "/etc/\x01", `has no '\x01'`},
	}
	for _, test := range tests {
		for _, p := range []struct {
			paths
			want string
		}{{paths{folder: "/etc"}, test.unix}, {paths{windows: true, folder: `Z:\etc`}, test.windows}} {
			got, r := p.absolute(test.written)
			if r != nil && !strings.Contains(r.cause, p.want) || r == nil && (got != p.want || !p.isAbs(got)) {
				t.Errorf("%q, windows %v: got %q, %+v, want %q", test.written, p.windows, got, r, p.want)
			}
		}
	}
}

// The folder of a file that is checked for another system than this one.
func TestPathsOf(t *testing.T) {
	for _, test := range []struct{ filename, system, want string }{
		{"/etc/app.hcl", "linux", "/etc"}, {"/app.hcl", "darwin", "/"}, {`C:\a\app.hcl`, "windows", `C:\a`}, {"C:/app.hcl", "windows", `C:\`},
		{`\\files\share\app.hcl`, "windows", `\\files\share\`},
	} {
		p, err := pathsOf(test.filename, test.system)
		if err != nil || p.folder != test.want {
			t.Errorf("%s on %s: %+v, %v", test.filename, test.system, p, err)
		}
	}
}
