//go:build !linux

package stage

import "syscall"

// SIGUSR1 and SIGUSR2 on the BSDs; nobody becomes a parent here.
const usr1, usr2 = syscall.Signal(30), syscall.Signal(31)
