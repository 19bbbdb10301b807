package config

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The table is ours; here it is held against the system's.
func TestSignalsAreLinux(t *testing.T) {
	for number := 1; number < len(signals); number++ {
		if got := unix.SignalNum(signals[number]); int(got) != number {
			t.Errorf("%s is %d, the system has %d", signals[number], number, got)
		}
	}
}
