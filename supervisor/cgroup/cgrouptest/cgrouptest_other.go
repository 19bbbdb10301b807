//go:build !linux

package cgrouptest

// Inside is "" on this system.
func Inside() string { return "" }

// Main does nothing on this system.
func Main() {}
