package stage

import "os"

// Main is not needed on Windows, where a program is started without a step before it: see [Plan.Launch].
func Main() (exitCode int) {
	os.Stderr.WriteString("supervise stage: not supported on windows, where workers are started directly\n")
	return 2
}
