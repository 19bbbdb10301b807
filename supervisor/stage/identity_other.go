//go:build unix && !linux

package stage

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
)

func setUID(id int) error { return syscall.Setuid(id) }
func setGID(id int) error { return syscall.Setgid(id) }

func sameUID(id uint32) bool { return os.Getuid() == int(id) && os.Geteuid() == int(id) }
func sameGID(id uint32) bool { return os.Getgid() == int(id) && os.Getegid() == int(id) }

func (c *child) setOOMScore() error {
	if n := c.plan.OOMScoreAdjust; n != nil {
		return &Failure{Op: "set oom_score_adjust to", Object: strconv.Itoa(*n), Cause: "not supported on " + runtime.GOOS}
	}
	return nil
}

func (c *child) giveUpPrivileges() error {
	if c.plan.NoNewPrivileges {
		return &Failure{Op: "set no_new_privileges", Cause: "not supported on " + runtime.GOOS}
	}
	return nil
}
