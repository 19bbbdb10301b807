package control

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// credentials asks for SO_PEERCRED and SO_PEERGROUPS, see unix(7): both are of the moment of connect(2), so that a process
// cannot pass itself off as another one that has its pid later.
func credentials(c *net.UnixConn) peer {
	raw, err := c.SyscallConn()
	if err != nil {
		return peer{uid: -1, err: err}
	}
	p := peer{uid: -1}
	if err := raw.Control(func(fd uintptr) { p = credentialsOf(int(fd)) }); err != nil {
		p.err = err
	}
	return p
}

func credentialsOf(fd int) peer {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return peer{uid: -1, err: err}
	}
	p := peer{pid: int(cred.Pid), uid: int(cred.Uid), gid: int(cred.Gid)}
	// Without the supplementary groups (Linux before 4.13) the first one still counts.
	p.groups, _ = peerGroups(fd)
	return p
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
