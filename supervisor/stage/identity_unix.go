//go:build unix

package stage

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func (c *child) setUmask() error {
	if m := c.plan.Umask; m != nil {
		syscall.Umask(int(*m & 0o777))
	}
	return nil
}

func (c *child) setNice() error {
	n := c.plan.Nice
	if n == nil {
		return nil
	}
	err := unix.Setpriority(unix.PRIO_PROCESS, 0, *n)
	if err == nil {
		return nil
	}
	cause := err.Error()
	if err == unix.EACCES || err == unix.EPERM {
		cause = "a lower value than supervise's own needs root (CAP_SYS_NICE)"
	}
	return &Failure{Op: "set nice to", Object: strconv.Itoa(*n), Cause: cause}
}

// enterDirectory is done with all privileges, so that a worker may start in a
// folder that its user could not enter, like root's own.
func (c *child) enterDirectory() error {
	err := c.chdir()
	c.outside = err == unix.EACCES && (c.plan.UID != nil || c.plan.GID != nil)
	if c.outside {
		return nil
	}
	return c.explainDirectory(err)
}

// enterDirectoryAsUser tries again where root was not allowed in: a network file
// system may trust the user more than root.
func (c *child) enterDirectoryAsUser() error {
	if !c.outside {
		return nil
	}
	return c.explainDirectory(c.chdir())
}

func (c *child) chdir() error {
	if c.plan.Directory == "" {
		return nil
	}
	return unix.Chdir(c.plan.Directory)
}

func (c *child) explainDirectory(err error) error {
	if err == nil {
		return nil
	}
	cause := err.Error()
	switch err {
	case unix.ENOENT:
		cause = "no such directory"
	case unix.ENOTDIR:
		cause = "it is not a directory"
	case unix.EACCES:
		cause = fmt.Sprintf("permission denied for uid %d", os.Getuid())
	}
	return &Failure{Op: "enter directory", Object: c.plan.Directory, Cause: cause}
}

// becomeUser gives up groups, then gid, then uid: in another order the right to
// do the next would be gone. The calls apply to all threads.
func (c *child) becomeUser() error {
	p := &c.plan
	if p.UID == nil && p.GID == nil && p.Groups == nil {
		return nil
	}
	if err := c.setGroups(); err != nil {
		return err
	}
	if p.GID != nil && !sameGID(*p.GID) {
		if err := setGID(int(*p.GID)); err != nil {
			return identityFailure("become group", *p.GID, err)
		}
	}
	if p.UID != nil && !sameUID(*p.UID) {
		if err := setUID(int(*p.UID)); err != nil {
			return identityFailure("become user", *p.UID, err)
		}
	}
	return nil
}

// setGroups also clears: root's groups must not stay with someone else.
func (c *child) setGroups() error {
	groups := c.plan.Groups
	if len(groups) == 0 && os.Geteuid() != 0 {
		return nil
	}
	list := make([]int, len(groups))
	for i, g := range groups {
		list[i] = int(g)
	}
	if err := syscall.Setgroups(list); err != nil {
		cause := err.Error()
		if err == unix.EPERM {
			cause = "needs root (CAP_SETGID)"
		}
		return &Failure{Op: "set the supplementary groups", Cause: cause}
	}
	return nil
}

func identityFailure(op string, id uint32, err error) error {
	cause := err.Error()
	switch err {
	case unix.EPERM:
		cause = fmt.Sprintf("needs root (supervise runs as uid %d)", os.Geteuid())
	case unix.EAGAIN:
		cause = "the user has too many processes (limit nproc)"
	case unix.EINVAL:
		cause = "there is no such id in this user namespace"
	}
	return &Failure{Op: op, Object: strconv.FormatUint(uint64(id), 10), Cause: cause}
}
