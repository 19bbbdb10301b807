package fdpass

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketFilter reads a classic BPF program as long as dropSYN back from a socket. The length of SO_GET_FILTER
// counts instructions and not bytes (sk_get_filter in net/core/filter.c), and a longer program is EINVAL. No other
// getsockopt(2) has such a length, so x/sys has no call for it.
func socketFilter(fd int) ([len(dropSYN)]unix.SockFilter, error) {
	var filter [len(dropSYN)]unix.SockFilter
	length := uint32(len(filter))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_GET_FILTER,
		uintptr(unsafe.Pointer(&filter)), uintptr(unsafe.Pointer(&length)), 0)
	switch {
	case errno != 0:
		return filter, errno
	case int(length) != len(filter):
		return filter, unix.ENOENT
	}
	return filter, nil
}
