//go:build unix && !linux

package stage

import "golang.org/x/sys/unix"

// resources are the names of getrlimit(2) that every unix has.
var resources = map[string]int{
	"core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA,
	"fsize": unix.RLIMIT_FSIZE, "nofile": unix.RLIMIT_NOFILE, "stack": unix.RLIMIT_STACK,
}

func maxOpenFiles() (uint64, bool) { return 0, false }
