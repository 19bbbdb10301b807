//go:build (!unix && !windows) || netbsd

package worker

import (
	"errors"
	"runtime"
)

func monotonic() (int64, error) {
	return 0, errors.New("cannot read the monotonic clock: not supported on " + runtime.GOOS + " yet")
}
