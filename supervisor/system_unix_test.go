//go:build unix

package supervisor

// refusedText is how connect(2) is told that nobody listens.
const refusedText = "connect: connection refused"
