package chaos

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// freeze stops the manager for up to two seconds: what workers and clients do meanwhile waits.
func (c *chaos) freeze() {
	manager := openProcess(c.t, c.manager())
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := manager.signal(sig); err != nil {
			c.t.Error(err)
		}
		if sig == syscall.SIGSTOP {
			<-time.After(time.Duration(c.draw.IntN(2000)) * time.Millisecond) // the fault itself
		}
	}
}

func (c *chaos) upgrade() {
	c.install(c.t, program)
	c.expect(0, "upgraded", "upgrade")
}

// killInUpgrade kills the manager in charge as soon as there is a second one. The upgrade may be given up, and may just be complete.
func (c *chaos) killInUpgrade() {
	c.install(c.t, program)
	old := c.manager()
	victim := openProcess(c.t, old)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = c.verb(c.t, "upgrade")
	}()
	for ended := false; !ended && !c.hasOther(old); {
		select {
		case <-over:
			ended = true
		default:
		}
	}
	if err := victim.signal(syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		c.t.Error(err)
	}
	<-over
}

// hasOther is whether the keeper has a manager but this one.
func (c *chaos) hasOther(manager int) bool {
	for pid, p := range descendants(c.keeper()) {
		if isManager(p) && pid != manager {
			return true
		}
	}
	return false
}

func (c *chaos) upgradeToNothing() {
	c.installText(c.t, strings.NewReader("#!/bin/sh\nexit 1\n"))
	c.expect(1, "nothing has changed", "upgrade")
}

func (c *chaos) reloadBroken() {
	for _, text := range []string{"listener {", "service \"app\" {}", ""} {
		c.write(c.t, "app.hcl", text)
		c.expect(3, "app.hcl", "reload")
	}
	c.write(c.t, "app.hcl", c.config())
}

// reloadChanged rolls out, for the environment is another.
func (c *chaos) reloadChanged() {
	c.version++
	c.rolled = true
	c.write(c.t, "app.hcl", c.config())
	c.expect(0, "", "reload")
}

func (c *chaos) scale() {
	c.workers = 1 + c.draw.IntN(4)
	c.expect(0, "", "scale", "app", fmt.Sprint(c.workers))
	c.write(c.t, "app.hcl", c.config()) // so that a reload wants the same
	c.expect(0, "", "reload")
}

// hold lets clients wait across a kill.
func (c *chaos) hold() {
	c.expect(0, "", "hold", "web")
	c.killManager(c.t)
	c.expect(0, "", "release", "web")
}

// limit changes a limit of a process until the function that it gives is called.
func (c *chaos) limit(pid, resource int, to uint64) (restore func()) {
	var old unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &old); err != nil {
		c.t.Error(err)
		return func() {}
	}
	if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: to, Max: old.Max}, nil); err != nil {
		c.t.Error(err)
	}
	return func() {
		if err := unix.Prlimit(pid, resource, &old, nil); err != nil && err != unix.ESRCH {
			c.t.Error(err)
		}
	}
}

// noRoom lets nobody write a byte into a file, not even into one in memory: the state cannot be saved. Things go on nevertheless.
func (c *chaos) noRoom() {
	manager := c.mustStatus(c.t).ManagerPID
	restore := c.limit(manager, unix.RLIMIT_FSIZE, 0)
	_, _ = c.verb(c.t, "restart", "app")
	c.rolled = true
	restore()
	c.expect(0, "", "restart", "app") // with room again
}

// noDescriptors leaves the manager, or the keeper, two descriptors.
func (c *chaos) noDescriptors() {
	pid := c.keeper()
	if c.draw.IntN(2) == 0 {
		pid = c.mustStatus(c.t).ManagerPID
	}
	restore := c.limit(pid, unix.RLIMIT_NOFILE, highest(pid)+3)
	c.rolled = true
	_, _ = c.verb(c.t, "restart", "app")
	restore()
	c.expect(0, "", "restart", "app")
}

// highest is the highest number of a descriptor of a process.
func highest(pid int) (most uint64) {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	for _, e := range entries {
		var n uint64
		_, _ = fmt.Sscan(e.Name(), &n)
		most = max(most, n)
	}
	return most
}
