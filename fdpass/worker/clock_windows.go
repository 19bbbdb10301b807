package worker

import "golang.org/x/sys/windows"

// monotonic returns the time since the system was started in microseconds (GetTickCount64), as MONOTONIC_USEC wants it.
func monotonic() (int64, error) { return windows.DurationSinceBoot().Microseconds(), nil }
