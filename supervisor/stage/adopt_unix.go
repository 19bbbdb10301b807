//go:build unix

package stage

import (
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
)

// adopt comes before the identity changes: who may do it as root needs no PR_SET_NO_NEW_PRIVS for it, so that programs with the
// set-user-ID bit go on to work for the command. The filter belongs to this thread, and execve passes it on; what the stage itself
// still does is none of the calls that it stops.
func (c *child) adopt() error {
	a := c.plan.Adopt
	if a == nil {
		return nil
	}
	if err := adopt.Install(a.Number, adopt.Filter{Paths: a.Paths}); err != nil {
		return &Failure{Op: "answer bind and listen", Cause: err.Error()}
	}
	unix.Close(a.Number)
	return nil
}
