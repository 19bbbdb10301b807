package proctree

import (
	"os"

	"golang.org/x/sys/unix"
)

// AwaitEnd returns when the process is gone, whoever's child it is; it keeps a thread until then. An error says that it cannot be known.
func AwaitEnd(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
}
