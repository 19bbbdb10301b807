//go:build !windows

package supervisor

import "syscall"

// abort ends a worker that hangs.
const abort = syscall.SIGABRT
