//go:build unix && !linux

package stage

import "os/signal"

// resetSignals undoes what this process ignores. What it was started with
// stays: there is no portable call for it here.
func (c *child) resetSignals() error {
	signal.Reset()
	return nil
}
