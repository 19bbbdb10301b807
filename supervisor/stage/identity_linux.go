package stage

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func setUID(id int) error { return syscall.Setresuid(id, id, id) }
func setGID(id int) error { return syscall.Setresgid(id, id, id) }

// sameUID tells whether all three ids are id already, so that a plan which
// names supervise's own user works without root.
func sameUID(id uint32) bool {
	r, e, s := unix.Getresuid()
	return r == int(id) && e == int(id) && s == int(id)
}

func sameGID(id uint32) bool {
	r, e, s := unix.Getresgid()
	return r == int(id) && e == int(id) && s == int(id)
}

// setOOMScore must come before the identity changes: then /proc/self belongs to
// root, because the process is no longer dumpable (proc(5)).
func (c *child) setOOMScore() error {
	n := c.plan.OOMScoreAdjust
	if n == nil {
		return nil
	}
	err := writeFile("/proc/self/oom_score_adj", strconv.Itoa(*n))
	if err == nil {
		return nil
	}
	cause := err.Error()
	switch err {
	case unix.EACCES, unix.EPERM:
		cause = "a lower value than supervise's own needs root (CAP_SYS_RESOURCE)"
	case unix.EINVAL:
		cause = "it must be between -1000 and 1000"
	}
	return &Failure{Op: "set oom_score_adjust to", Object: strconv.Itoa(*n), Cause: cause}
}

func writeFile(path, content string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(content))
	return err
}

// giveUpPrivileges sets a flag of this thread, which execve passes on.
func (c *child) giveUpPrivileges() error {
	if !c.plan.NoNewPrivileges {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return &Failure{Op: "set no_new_privileges", Cause: err.Error()}
	}
	return nil
}
