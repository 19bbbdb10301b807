//go:build unix

package stage

import (
	"errors"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Where the keeper puts its pipes and the first descriptor for the worker.
const (
	planPipe        = 0
	statusPipe      = 1
	firstDescriptor = 3
)

// child is the process that becomes the worker.
type child struct {
	plan    Plan
	status  int  // where failures are written; moves when 1 is wanted
	outside bool // the directory could not be entered with supervise's identity
}

// steps is what happens to the child, in this order:
// descriptors first, while the limit on open files is still ours; what needs
// privileges before they are given up; signals last, because the runtime needs
// its handlers to change the identity of all its threads. The announcement comes
// before: without them, writing to a pipe that nobody reads any more would kill, and
// whoever reads it may be killed at any time without harm to the worker.
var steps = [...]func(*child) error{
	(*child).placeDescriptors,
	(*child).setUmask,
	(*child).setNice,
	(*child).setOOMScore,
	(*child).setLimits,
	(*child).enterDirectory,
	(*child).adopt,
	(*child).becomeUser,
	(*child).enterDirectoryAsUser,
	(*child).giveUpPrivileges,
	(*child).announce,
	(*child).resetSignals,
	(*child).run,
}

// Main is what `supervise stage` runs. It does not return when the command could
// be run: the worker has replaced the process then. Otherwise the keeper has
// been told the reason, and the exit code says that there was one.
func Main() (exitCode int) {
	if !isKind(planPipe, unix.S_IFIFO, unix.S_IFREG) || !isKind(statusPipe, unix.S_IFIFO) {
		writeAll(2, []byte("supervise stage: this is started by supervise itself, not by hand\n"))
		return 2
	}
	// Identity, nice and privileges belong to a thread on Linux; the thread that
	// calls execve is the one whose state the worker gets.
	runtime.LockOSThread()
	c := &child{status: statusPipe}
	err := c.become()
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Op: "start the worker", Cause: "internal error: " + err.Error()}
	}
	writeAll(c.status, f.encode())
	return 1
}

// become reads the plan and carries it out; it returns only with an error.
func (c *child) become() error {
	b, err := readAll(planPipe, maxPlan)
	if err != nil {
		return err
	}
	if c.plan, err = decodePlan(b); err != nil {
		return err
	}
	if c.plan.Parent != nil {
		return c.beParent()
	}
	for _, step := range steps {
		if err := step(c); err != nil {
			return err
		}
	}
	return errors.New("execve returned")
}

// isKind tells whether fd is open and one of the given types of inode(7).
func isKind(fd int, kinds ...uint32) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && slices.Contains(kinds, uint32(st.Mode)&unix.S_IFMT)
}

// readAll reads fd until its end, with bare reads: see the package comment.
func readAll(fd, most int) ([]byte, error) {
	b := make([]byte, 0, 64<<10)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil, &Failure{Op: "read the plan", Cause: err.Error()}
		case n == 0:
			return b, nil
		}
		b = b[:len(b)+max(n, 0)]
		if len(b) > most {
			return nil, &Failure{Op: "read the plan", Cause: "it is too long"}
		}
	}
}

// writeAll gives up silently: the one who could be told is the one it writes to.
func writeAll(fd int, b []byte) {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		b = b[n:]
	}
}
