//go:build unix

package fdpass

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func closeOnExec(fd int) { unix.CloseOnExec(fd) }

func closeFD(fd int) error { return unix.Close(fd) }

// lingers is whether close(2) of the last descriptor waits until the peer has taken what was sent: SO_LINGER, socket(7). O_NONBLOCK does not
// help against it. Listeners only pass the option on.
func lingers(fd int) bool {
	l, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	if err != nil || l.Onoff == 0 || l.Linger == 0 {
		return false
	}
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && listens == 0
}

func setNonblock(fd int, on bool) error { return unix.SetNonblock(fd, on) }

func duplicate(fd int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
}

// duplicateRaw goes by SyscallConn and not by File.Fd, which would make the shared description blocking.
func duplicateRaw(raw syscall.RawConn) (*Descriptor, error) {
	var dup int
	var failed error
	if err := raw.Control(func(fd uintptr) { dup, failed = duplicate(int(fd)) }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, os.NewSyscallError("fcntl", failed)
	}
	return &Descriptor{fd: dup}, nil
}

// pipe makes only the reading end non-blocking: the two ends are two descriptions, so the child's end is not concerned.
func pipe() (*os.File, *Descriptor, error) {
	ends, err := pipeCloexec()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		_, _ = unix.Close(ends[0]), unix.Close(ends[1])
		return nil, nil, err
	}
	return os.NewFile(uintptr(ends[0]), "pipe"), &Descriptor{fd: ends[1]}, nil
}
