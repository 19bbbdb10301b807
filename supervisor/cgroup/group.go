package cgroup

// Group is one control group. It is a value that names it: nothing is to be closed.
type Group struct {
	path string // in the hierarchy
	dir  string // folder
}

// Path names the group in the hierarchy, as /proc/PID/cgroup does.
func (g *Group) Path() string { return g.path }

// Holds is whether a process of that path in the hierarchy is in the group, or in one below it.
func (g *Group) Holds(path string) bool { return Within(path, g.path) }

// Within is whether path, of a process, is group or below it.
func Within(path, group string) bool {
	_, below := cutGroup(path, group)
	return below
}
