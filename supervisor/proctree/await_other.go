//go:build !linux && !windows

package proctree

import "errors"

// AwaitEnd is not supported on this system.
func AwaitEnd(int) error {
	return errors.New("waiting for a process that is no child is not supported on this system")
}
