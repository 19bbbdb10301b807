package stage

import "os"

// Main is not supported on Windows yet: there is no exec to end in.
func Main() (exitCode int) {
	os.Stderr.WriteString("supervise stage: not supported on windows yet\n")
	return 2
}
