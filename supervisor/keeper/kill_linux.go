package keeper

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

const (
	// killTimeout bounds Kill. Only a process that hangs in the kernel (state D)
	// survives SIGKILL that long.
	killTimeout = 10 * time.Second
	// killRound is how long the processes of one round may take to go before the
	// tree is looked at again.
	killRound = time.Second
	// killBatch bounds the descriptors that one round opens.
	killBatch = 256
)

// killTree sends SIGKILL to every process of t: to a whole control group, where
// there is one, or one by one.
func (c *core) killTree(t proctree.Tree) error {
	if t.Group != "" {
		if g, err := cgroup.At(t.Group); err == nil && !g.Gone() {
			return g.Kill(killTimeout)
		}
	}
	return c.killMembers(t)
}

// killMembers kills again and again: a process may have forked after it was
// listed and before it died. The last look is done twice, because one process can
// hide from a look by forking and ending.
func (c *core) killMembers(t proctree.Tree) error {
	deadline := time.Now().Add(killTimeout)
	for looks := 1; looks > 0; {
		members, err := c.members(t)
		if err != nil {
			return err
		}
		if len(members) == 0 {
			looks--
			continue
		}
		looks = 2
		if !time.Now().Before(deadline) {
			slices.Sort(members)
			return fmt.Errorf("%d processes do not end, the first is %d (hanging in the kernel?)", len(members), members[0])
		}
		if err := killSome(t, members[:min(len(members), killBatch)]); err != nil {
			return err
		}
	}
	return nil
}

// killSome kills the members and waits until they are gone, or the round is over.
// All are opened and judged before the first dies: a child whose parent is gone
// could no longer be recognised.
func killSome(t proctree.Tree, members []int) error {
	var dying []unix.PollFd
	defer func() {
		for _, p := range dying {
			unix.Close(int(p.Fd))
		}
	}()
	for _, pid := range members {
		fd, err := openMember(t, pid)
		if err == unix.ESRCH {
			continue
		}
		if err == unix.EMFILE && len(dying) > 0 {
			break // the rest has to wait for the next round
		}
		if err != nil {
			return fmt.Errorf("process %d: %w", pid, os.NewSyscallError("pidfd_open", err))
		}
		dying = append(dying, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for _, p := range dying {
		if err := unix.PidfdSendSignal(int(p.Fd), unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
			return os.NewSyscallError("pidfd_send_signal", err)
		}
	}
	return awaitAll(dying, time.Now().Add(killRound))
}

// openMember opens the process first and judges it then: what the pidfd means
// can no longer change, so a stranger that got the pid is recognised.
func openMember(t proctree.Tree, pid int) (pidfd int, err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, err
	}
	if !t.Contains(pid) {
		unix.Close(fd)
		return -1, unix.ESRCH
	}
	return fd, nil
}

// awaitAll waits until all are readable, which a pidfd is when its process is gone.
func awaitAll(dying []unix.PollFd, deadline time.Time) error {
	for _, p := range dying {
		left := time.Until(deadline)
		if left <= 0 {
			return nil
		}
		_, err := unix.Poll([]unix.PollFd{p}, int(left.Milliseconds())+1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
	return nil
}
