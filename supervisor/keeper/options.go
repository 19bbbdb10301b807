package keeper

import "time"

// Variable is the variable of the environment that makes a process the keeper:
// when it is set, main does nothing but call [Main]. "0" asks for a new keeper, a
// number above is the descriptor of what the program before left.
const Variable = "SUPERVISE_KEEPER"

// Options are what the keeper process is started with.
type Options struct {
	// Program is the file of supervise, an absolute path, which an upgrade runs. It
	// counts at the first start; later programs get it from the one before.
	Program string
	// Args are what a manager gets behind `supervise manager`.
	Args []string

	patience time.Duration // of tests: see trialPatience; 0 is that
}
