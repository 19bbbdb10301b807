//go:build linux && !race

package legacy

const raceEnabled = false
