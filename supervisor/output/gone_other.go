//go:build !windows

package output

import (
	"errors"
	"syscall"
)

// isGone tells that whoever reads has closed a pipe.
func isGone(err error) bool { return errors.Is(err, syscall.EPIPE) }
