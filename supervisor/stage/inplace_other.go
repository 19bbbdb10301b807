//go:build !linux

package stage

import (
	"errors"
	"os"
)

// InPlace is not supported on this system.
func InPlace(Plan, []int) error {
	return errors.New("cannot run a command with listeners in place of this process: not supported on this system")
}

// MainInPlace is not supported on this system.
func MainInPlace(string) (exitCode int) {
	os.Stderr.WriteString("supervise stage: not supported on this system\n")
	return 2
}
