//go:build unix

package stage

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// placeDescriptors puts every received descriptor at its number and marks all
// others close-on-exec. Flags of the open file description, which other workers
// share, stay as they are but for the O_NONBLOCK that the plan asks for.
func (c *child) placeDescriptors() error {
	wanted, err := c.wanted()
	if err != nil {
		return err
	}
	if err := c.park(wanted); err != nil {
		return err
	}
	if err := c.dropForeign(wanted); err != nil {
		return err
	}
	for _, number := range slices.Sorted(maps.Keys(wanted)) {
		if err := place(wanted[number], number); err != nil {
			return err
		}
	}
	for _, number := range c.plan.Nonblocking {
		if err := unix.SetNonblock(number, true); err != nil {
			return &Failure{Op: "set O_NONBLOCK of descriptor", Object: strconv.Itoa(number), Cause: err.Error()}
		}
	}
	c.raiseStatus(wanted)
	return closeOthersOnExec(slices.Collect(maps.Keys(wanted)))
}

// raiseStatus gives the status pipe the highest number. execve(2) closes in ascending order: so when the keeper reads the end of
// the pipe, nothing else is open any more that the worker was not given. Where the limit on open files leaves no room
// above, the pipe stays where it is.
func (c *child) raiseStatus(wanted map[int]int) {
	top := c.status
	for number, from := range wanted {
		top = max(top, number, from)
	}
	if dup, err := unix.FcntlInt(uintptr(c.status), unix.F_DUPFD_CLOEXEC, top+1); err == nil {
		unix.Close(c.status)
		c.status = dup
	}
}

// wanted maps each number of the worker to where its descriptor is now. Of 0, 1
// and 2 those not given are /dev/null: a program without them would
// open its first file or socket there and print into it.
func (c *child) wanted() (map[int]int, error) {
	wanted := make(map[int]int, len(c.plan.Numbers)+3)
	for i, number := range c.plan.Numbers {
		from := firstDescriptor + i
		if !isOpen(from) {
			return nil, &Failure{Op: "give descriptor", Object: strconv.Itoa(number), Cause: "internal error: the keeper did not send it"}
		}
		wanted[number] = from
	}
	for number := range firstDescriptor {
		if _, ok := wanted[number]; ok {
			continue
		}
		fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, &Failure{Op: "open", Object: "/dev/null", Cause: err.Error()}
		}
		wanted[number] = fd
	}
	return wanted, nil
}

// park moves what sits on a wanted number out of the way: the status pipe, and
// every descriptor that is not yet where it shall be. After it no two moves can
// get in each other's way.
func (c *child) park(wanted map[int]int) error {
	var err error
	if c.status, err = dupOutside(statusPipe, wanted); err != nil {
		return err
	}
	for number, from := range wanted {
		if number == from {
			continue
		}
		if wanted[number], err = dupOutside(from, wanted); err != nil {
			return err
		}
		unix.Close(from)
	}
	return nil
}

// dupOutside duplicates fd, close-on-exec, to a number nobody wants.
func dupOutside(fd int, wanted map[int]int) (int, error) {
	for least := firstDescriptor + len(wanted); ; {
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
		if err != nil {
			return -1, &Failure{Op: "move descriptor", Object: strconv.Itoa(fd), Cause: openFiles(err)}
		}
		if _, taken := wanted[dup]; !taken {
			return dup, nil
		}
		unix.Close(dup)
		least = dup + 1
	}
}

// dropForeign makes sure that no wanted number belongs to the Go runtime. What
// was inherited is not close-on-exec; what is, this process opened itself, and
// the only one to do so behind our back is the runtime's poller.
func (c *child) dropForeign(wanted map[int]int) error {
	for number, from := range wanted {
		flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC != 0 && number != from {
			return &Failure{Op: "give descriptor", Object: strconv.Itoa(number), Cause: "internal error: the Go runtime uses this number"}
		}
	}
	return nil
}

// place makes number the descriptor that is at from, open in the worker.
func place(from, number int) error {
	var err error
	if from == number {
		_, err = unix.FcntlInt(uintptr(number), unix.F_SETFD, 0)
	} else {
		err = dupTo(from, number)
	}
	if err != nil {
		return &Failure{Op: "give descriptor", Object: strconv.Itoa(number), Cause: openFiles(err)}
	}
	return nil
}

// openFiles explains what fcntl(2) and dup3(2) say about numbers that are too high.
func openFiles(err error) string {
	if err != unix.EBADF && err != unix.EINVAL && err != unix.EMFILE {
		return err.Error()
	}
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return err.Error()
	}
	return fmt.Sprintf("the limit is %d open files (raise supervise's own: ulimit -n, LimitNOFILE=)", l.Max)
}

// markBelowLimit sets close-on-exec on every number that can be open and is not
// in keep, one by one: where nothing tells which ones are open.
func markBelowLimit(keep []int) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return &Failure{Op: "find the open descriptors", Cause: err.Error()}
	}
	for fd := range int(min(uint64(l.Cur), 1<<20)) {
		if !slices.Contains(keep, fd) && isOpen(fd) {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}
