//go:build unix

package supervisor

import (
	"errors"
	"maps"
	"os"
	"syscall"

	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// outlived is whether workers, and what the keeper holds for them, may outlive the manager.
const outlived = true

// defaultPath is what a worker finds its programs in when nothing else is said: systemd's default.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// keeperLimits is whether the keeper limits a worker: here that is the matter of its control group.
const keeperLimits = false

// leastEnvironment is what a worker has whatever is configured.
func leastEnvironment([]string) map[string]string { return map[string]string{"PATH": defaultPath} }

// merge puts variables into an environment; those that are there already are replaced.
func merge(env, more map[string]string) { maps.Copy(env, more) }

// sameName is whether two names are those of one variable.
func sameName(a, b string) bool { return a == b }

// handleOf is 0: descriptors have numbers in the worker.
func handleOf(*registry.Lease, int) uintptr { return 0 }

// alive is whether there is a process of that number; 0 is one that this process cannot see.
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
