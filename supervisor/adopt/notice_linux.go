package adopt

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// notice is struct seccomp_notif of seccomp_unotify(2): a question, as the kernel writes it.
type notice struct {
	id        uint64
	pid       uint32 // the thread that asks, in our numbers
	flags     uint32
	number    int32
	arch      uint32
	at        uint64
	arguments [6]uint64
}

// reply is struct seccomp_notif_resp.
type reply struct {
	id    uint64
	value int64
	errno int32 // negative
	flags uint32
}

// placement is struct seccomp_notif_addfd: put a descriptor of ours into the program.
type placement struct {
	id      uint64
	flags   uint32
	source  uint32
	number  uint32
	fdFlags uint32
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// take fetches the next question into n, which must be zero: ENOENT when the program gave up meanwhile.
func (s *server) take(n *notice) error {
	return s.o.Notify.Use(func(fd int) error {
		return ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
	})
}

// waits is whether the program still waits for the answer to n: only then does its pid still mean that program.
func (s *server) waits(n *notice) bool {
	id := n.id
	return s.o.Notify.Use(func(fd int) error {
		return ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id))
	}) == nil
}

// send answers. That the program has gone is no error.
func (s *server) send(r reply) error {
	err := s.o.Notify.Use(func(fd int) error {
		return ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
	})
	if err == unix.ENOENT {
		return nil
	}
	return err
}

// place puts source over the program's descriptor number, as dup3(2) would.
func (s *server) place(n *notice, source, number int, cloexec bool) error {
	p := placement{id: n.id, flags: unix.SECCOMP_ADDFD_FLAG_SETFD, source: uint32(source), number: uint32(number)}
	if cloexec {
		p.fdFlags = unix.O_CLOEXEC
	}
	return s.o.Notify.Use(func(fd int) error {
		return ioctl(fd, unix.SECCOMP_IOCTL_NOTIF_ADDFD, unsafe.Pointer(&p))
	})
}
