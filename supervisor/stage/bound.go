package stage

import (
	"slices"
	"strconv"
	"strings"
)

// process is what only the process itself knows.
type process struct {
	pid, parent int
	pidfd       uint64 // inode number of its pidfd; 0: it has none of its own
}

// bound lists the names of the variables that tell it.
func (p Plan) bound() [][]string {
	return [][]string{p.ParentPID, p.ParentPIDPrefixed, p.OwnPIDFDID, p.OwnPID}
}

// environment is Env with the pid-bound variables put in. Of two for one name the worker's own number wins.
func (p Plan) environment(s process) []string {
	pidfd := ""
	if s.pidfd != 0 {
		pidfd = strconv.FormatUint(s.pidfd, 10)
	}
	values := [...]string{strconv.Itoa(s.parent), "parent:" + strconv.Itoa(s.parent), pidfd, strconv.Itoa(s.pid)}
	bound := map[string]string{}
	for i, names := range p.bound() {
		for _, name := range names {
			bound[name] = values[i]
		}
	}
	env := make([]string, 0, len(p.Env)+len(bound))
	for _, v := range p.Env {
		name, _, _ := strings.Cut(v, "=")
		if _, ok := bound[name]; !ok {
			env = append(env, v)
		}
	}
	for _, name := range slices.Concat(p.bound()...) {
		if value := bound[name]; value != "" {
			env = append(env, name+"="+value)
			delete(bound, name)
		}
	}
	return env
}
