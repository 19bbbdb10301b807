//go:build unix

package supervisor

// refusedText is how connect(2) is told that nobody listens.
const refusedText = "connect: connection refused"

// What is said of a command that cannot be run.
const (
	notExecutable = "not executable"
	notThere      = "no such file"
)
