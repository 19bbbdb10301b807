//go:build unix

package fdpass

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func closeOnExec(fd int) { unix.CloseOnExec(fd) }

// closeFD does not wait for the other side of a connection that somebody has stored with us: SO_LINGER (socket(7)) would have close(2)
// block as long as its owner likes, non-blocking or not. What is unsent is sent nevertheless.
func closeFD(fd int) error {
	if l, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER); err == nil && l.Onoff != 0 && l.Linger > 0 {
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{})
	}
	return unix.Close(fd)
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
