//go:build unix

package stage

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultPath is searched for a worker whose environment has no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// announce says that everything is set.
func (c *child) announce() error {
	writeAll(c.status, []byte(starting))
	return nil
}

// run replaces the process by the command. It returns only with an error.
func (c *child) run() error {
	env := c.plan.environment(itself())
	name := c.plan.Command[0]
	if strings.Contains(name, "/") {
		err := syscall.Exec(name, c.plan.Command, env)
		return &Failure{Op: "run", Object: name, Cause: c.explainRun(name, err)}
	}
	return c.runFromPath(name, env)
}

// runFromPath tries the folders of the worker's PATH as execvp(3) does: a file
// that may not be run does not end the search, but is reported if no other is found.
func (c *child) runFromPath(name string, env []string) error {
	path, ok := lookup(env, "PATH")
	if !ok {
		path = defaultPath
	}
	var found *Failure
	for _, dir := range strings.Split(path, ":") {
		file := strings.TrimSuffix(dir, "/") + "/" + name
		if dir == "" {
			file = "./" + name
		}
		if !isFile(file) {
			continue
		}
		err := syscall.Exec(file, c.plan.Command, env)
		if found == nil {
			found = &Failure{Op: "run", Object: file, Cause: c.explainRun(file, err)}
		}
		if err != unix.EACCES && err != unix.ENOENT {
			return &Failure{Op: "run", Object: file, Cause: c.explainRun(file, err)}
		}
	}
	if found == nil {
		return &Failure{Op: "run", Object: name, Cause: "no such program in PATH (" + path + ")"}
	}
	return found
}

// isFile tells whether there is something to run; a folder in PATH that happens
// to have the name is none.
func isFile(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR
}
