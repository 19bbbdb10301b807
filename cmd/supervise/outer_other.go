//go:build !linux

package main

import "time"

// Service managers of other systems speak no sd_notify(3); that of Windows is told by service_windows.go.

func tellDirectly(string) error { return nil }

func directWatchdog() time.Duration { return 0 }
