//go:build unix && !netbsd

package worker

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic returns CLOCK_MONOTONIC in microseconds, as MONOTONIC_USEC wants it. Go's own monotonic
// readings cannot be turned into a number.
func monotonic() (int64, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0, fmt.Errorf("cannot read the monotonic clock: %w", err)
	}
	return t.Nano() / 1000, nil
}
