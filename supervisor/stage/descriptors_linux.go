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

// markListed marks what /proc/self/fd lists. os.ReadDir would do the same, but
// may start the poller.
func markListed(keep []int) error {
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	buf := make([]byte, 8192)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil && !slices.Contains(keep, fd) {
				unix.CloseOnExec(fd)
			}
		}
	}
}

// dupTo is dup2(2), which newer architectures of Linux lack.
func dupTo(from, to int) error { return unix.Dup3(from, to, 0) }
