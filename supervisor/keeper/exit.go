package keeper

import (
	"fmt"
	"syscall"
	"time"
)

// Exit is how a main process ended.
type Exit struct {
	Code        int            // exit status, when Signal is 0
	Signal      syscall.Signal // what killed it; 0 = nothing did
	CoreDumped  bool           // a core file was written
	OutOfMemory string         // set by whoever knows: what ran out, as a part of a sentence
	Unknown     bool           // a followed process that is no child of ours: only that it ended is known
	At          time.Time      // when the keeper saw it
}

// Success tells of an exit with status 0. An unknown one is no success.
func (e Exit) Success() bool { return e.Code == 0 && e.Signal == 0 && !e.Unknown }

// String goes behind the worker's name: "exited with status 3".
func (e Exit) String() string {
	switch {
	case e.Unknown:
		return "exited"
	case e.Signal != 0 && e.OutOfMemory != "":
		return "was killed by " + signalName(e.Signal) + " (" + e.OutOfMemory + ")"
	case e.Signal != 0 && e.CoreDumped:
		return "was killed by " + signalName(e.Signal) + " (core dumped)"
	case e.Signal != 0:
		return "was killed by " + signalName(e.Signal)
	}
	return fmt.Sprintf("exited with status %d", e.Code)
}
