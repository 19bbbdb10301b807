package stage

import (
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// closeOthersOnExec marks everything but keep close-on-exec. It does not close:
// the status pipe has to work until execve succeeds.
func closeOthersOnExec(keep []int) error {
	slices.Sort(keep)
	if markGaps(keep) == nil {
		return nil
	}
	// CLOSE_RANGE_CLOEXEC came with Linux 5.11.
	if markListed(keep) == nil {
		return nil
	}
	return markBelowLimit(keep)
}

// markGaps marks all numbers between those of keep, which is sorted.
func markGaps(keep []int) error {
	first := 0
	for _, fd := range keep {
		if fd > first {
			if err := unix.CloseRange(uint(first), uint(fd-1), unix.CLOSE_RANGE_CLOEXEC); err != nil {
				return err
			}
		}
		first = fd + 1
	}
	return unix.CloseRange(uint(first), ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC)
}

// markListed marks what /proc/self/fd lists.
func markListed(keep []int) error {
	list, err := listed()
	for _, fd := range list {
		if !slices.Contains(keep, fd) {
			unix.CloseOnExec(fd)
		}
	}
	return err
}

// closeInherited closes what this process has not opened itself: that is close-on-exec.
func closeInherited() {
	list, _ := listed()
	for _, fd := range list {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 && fd >= firstDescriptor {
			unix.Close(fd)
		}
	}
}

// listed is what /proc/self/fd lists. os.ReadDir would do the same, but may start the poller.
func listed() (list []int, err error) {
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	buf := make([]byte, 8192)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return list, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil {
				list = append(list, fd)
			}
		}
	}
}

// dupTo is dup2(2), which newer architectures of Linux lack.
func dupTo(from, to int) error { return unix.Dup3(from, to, 0) }
