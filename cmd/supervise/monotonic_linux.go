package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic is the time at which a reload began, which Type=notify-reload wants to know.
func monotonic() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return ""
	}
	return fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000)
}
