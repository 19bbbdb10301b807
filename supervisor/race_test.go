//go:build race && linux

package supervisor

const raceEnabled = true
