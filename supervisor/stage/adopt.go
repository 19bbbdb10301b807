package stage

import (
	"fmt"
	"slices"
)

// Adopt has bind(2) and listen(2) of the command answered by supervise: the stage sends what they are answered through over a
// descriptor, and keeps nothing of it.
type Adopt struct {
	// Number is that of Plan.Numbers over which it goes. It is not the command's: the stage closes it.
	Number int `json:"number"`
	// Paths says that removing a file is answered, too: a listener has a unix path.
	Paths bool `json:"paths,omitempty"`
}

// check refuses what has no descriptor, and a parent: its signals are for programs that are given sockets.
func (a *Adopt) check(p Plan) error {
	switch {
	case a == nil:
		return nil
	case a.Number < 3 || !slices.Contains(p.Numbers, a.Number):
		return &Failure{Op: "send over descriptor", Object: fmt.Sprint(a.Number), Cause: "it is not given, or is a standard stream"}
	case p.Parent != nil:
		return &Failure{Op: "answer bind and listen", Cause: "the command has a parent of its own beside it"}
	}
	return nil
}
