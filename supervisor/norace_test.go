//go:build !race && linux

package supervisor

const raceEnabled = false
