package output

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// isGone tells that whoever reads has closed a pipe: "has been ended", or "is being closed" (WriteFile). EPIPE is what Go calls it
// where no pipe of the system is meant.
func isGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
