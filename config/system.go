package config

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Systems are those that a file can be checked for, by the names of runtime.GOOS. The slice is the caller's.
func Systems() []string {
	return []string{"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly"}
}

// ParseSystem reads the name of a system as people write it: "windows", "Windows", "macos".
func ParseSystem(s string) (string, error) {
	name := strings.ToLower(s)
	if alias := map[string]string{"macos": "darwin", "mac": "darwin", "osx": "darwin", "win": "windows", "win32": "windows"}[name]; alias != "" {
		name = alias
	}
	if slices.Contains(Systems(), name) || name == runtime.GOOS {
		return name, nil
	}
	return "", fmt.Errorf("cannot check for system %q: there are %s", s, strings.Join(Systems(), ", "))
}

// SystemName is a system as people call it.
func SystemName(system string) string {
	names := map[string]string{
		"linux": "Linux", "windows": "Windows", "darwin": "macOS", "freebsd": "FreeBSD", "netbsd": "NetBSD", "openbsd": "OpenBSD", "dragonfly": "DragonFly BSD",
	}
	return cmp.Or(names[system], system)
}

// supportOf is what a system makes of a name: of the attribute of a block of that kind, or of a value of kind "block.attribute".
func supportOf(system, kind, name string) support {
	for _, f := range systemTable {
		if f.kind == kind && (f.names == "*" || slices.Contains(strings.Fields(f.names), name)) {
			return f.on.of(system)
		}
	}
	return support{}
}

// of is what the system does otherwise; "unix" stands for all but Linux and Windows.
func (o on) of(system string) support {
	if s, differs := o[system]; differs || system == "linux" || system == "windows" {
		return s
	}
	return o["unix"]
}

// checkSystem reports attributes that the system does not have, and takes those away that it can do without.
func (n *node) checkSystem() {
	for _, name := range n.shape.attributes {
		at, given := n.has(name)
		s := supportOf(n.config.System, n.shape.kind, name)
		switch {
		case !given:
		case s.how == absent:
			n.failHere(name, at, s)
		case s.how == ignored:
			n.warnHere(at, name+" of "+n.noun, s)
			delete(n.content.Attributes, name)
		}
	}
}

// usable reports a value that the system does not have, at the attribute or else at another place: the preset's. It is false then.
func (n *node) usable(name, value string, otherwise place) bool {
	s := supportOf(n.config.System, n.shape.kind+"."+name, value)
	if s.how != absent {
		return true
	}
	at := cmp.Or(otherwise, n.at)
	if a := n.content.Attributes[name]; a != nil {
		at = a.Expr.Range()
	}
	if name != "address" {
		s.cause = fmt.Sprintf("%q: %s", value, s.cause)
	}
	n.failHere(name, at, s)
	return false
}

func (n *node) failHere(name string, at place, s support) {
	n.fail(at, fmt.Sprintf("cannot use %s of %s on %s: %s", name, n.noun, SystemName(n.config.System), s.cause), s.advice)
}

func (n *node) warnHere(at place, what string, s support) {
	n.warn(at, fmt.Sprintf("%s is ignored on %s: %s", what, SystemName(n.config.System), s.cause), s.advice)
}

// checkBlock reports a block that the system does not have.
func (r *reader) checkBlock(kind, noun string, at hcl.Range) {
	if s := supportOf(r.config.System, "", kind); s.how == absent {
		r.fail(at, fmt.Sprintf("cannot use %s on %s: %s", noun, SystemName(r.config.System), s.cause), s.advice)
	}
}
