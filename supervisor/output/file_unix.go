//go:build unix

package output

import (
	"os"
	"syscall"
)

// openFile: opening a fifo for writing waits for a reader, fifo(7), and would hold up the start of a service for ever.
// With O_NONBLOCK it fails with ENXIO. O_NOCTTY: a terminal must not become ours.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o640)
}
