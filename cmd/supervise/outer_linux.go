package main

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellDirectly is for a supervise without a keeper process.
func tellDirectly(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}

func directWatchdog() time.Duration {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return interval
}
