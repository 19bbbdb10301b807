package fdpass

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

func peerOf(c *net.UnixConn) (Peer, error) {
	p := Peer{UID: -1}
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { p, failed = peerAt(int(fd)) }); err != nil {
		return p, err
	}
	return p, failed
}

func peerAt(fd int) (Peer, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{UID: -1}, err
	}
	p := Peer{PID: int(cred.Pid), UID: int(cred.Uid), GID: int(cred.Gid)}
	// Without the supplementary groups (Linux before 4.13) the first one still counts.
	p.Groups, _ = peerGroups(fd)
	return p, nil
}

// peerGroups has no function in x/sys. ERANGE comes with the size that is needed.
func peerGroups(fd int) ([]int, error) {
	list := make([]uint32, 64)
	for {
		size := uint32(len(list) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == unix.ERANGE && int(size) > len(list)*4:
			list = make([]uint32, size/4)
			continue
		case errno != 0:
			return nil, errno
		}
		groups := make([]int, size/4)
		for i := range groups {
			groups[i] = int(list[i])
		}
		return groups, nil
	}
}
