package fdpass

import "golang.org/x/sys/unix"

// What came from others may be a file of a file system that its owner serves himself (FUSE): asking for its attributes or its events,
// as fstat(2) and epoll_ctl(2) do, then waits for the owner. These questions are answered by the kernel alone.

func isSocketFD(fd int) bool {
	_, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil
}

// isPipeFD is also true for a fifo.
func isPipeFD(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	return err == nil
}

// isMemoryFD is whether it is of shared memory: memfd_create(2), or a file of a tmpfs.
func isMemoryFD(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil
}
