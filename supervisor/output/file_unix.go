//go:build unix

package output

import "syscall"

// openFlags: opening a fifo for writing waits for a reader, fifo(7), and would hold up the start of a service for ever.
// With O_NONBLOCK it fails with ENXIO. O_NOCTTY: a terminal must not become ours.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY
