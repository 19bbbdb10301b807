//go:build !linux

package stage

import "syscall"

// usr1 is SIGUSR1 on the BSDs; nobody becomes a parent here.
const usr1 = syscall.Signal(30)
