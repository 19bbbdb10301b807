package supervisor

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// outlived is whether workers, and what the keeper holds for them, may outlive the manager: here they end with it.
const outlived = false

// keeperLimits is whether the keeper limits a worker: here it does, by a job object.
const keeperLimits = true

// defaultRoot is where Windows is, as good as always.
const defaultRoot = `C:\Windows`

// leastEnvironment is what a worker has whatever is configured. Without SystemRoot Winsock does not find its providers.
func leastEnvironment(environ []string) map[string]string {
	root := defaultRoot
	for key, value := range pairs(environ) {
		if sameName(key, "SystemRoot") {
			root = cmp.Or(value, root)
		}
	}
	return map[string]string{"Path": root + `\System32;` + root, "SystemRoot": root}
}

// sameName is whether two names are those of one variable: they are not case-sensitive (Environment Variables).
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// merge puts variables into an environment; those that are there already are replaced, in whatever letters they are written.
func merge(env, more map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(more)) {
		maps.DeleteFunc(env, func(there, _ string) bool { return sameName(there, key) })
		env[key] = more[key]
	}
}

// handleOf is the value that the socket of a lease has for worker index too. What cannot be opened is told when it is given away.
func handleOf(l *registry.Lease, index int) uintptr {
	s, err := l.Open(index)
	if err != nil {
		return 0
	}
	return s.Descriptor().Handle()
}

// alive is whether there is a process of that number: one that has ended can be opened as long as somebody has a handle of it.
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return err == windows.ERROR_ACCESS_DENIED
	}
	defer windows.CloseHandle(h)
	event, err := windows.WaitForSingleObject(h, 0)
	return err == nil && event == uint32(windows.WAIT_TIMEOUT)
}
