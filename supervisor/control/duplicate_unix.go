//go:build unix

package control

import (
	"os"

	"golang.org/x/sys/unix"
)

// duplicate makes a file of a second descriptor; the caller closes it.
func duplicate(fd int) (*os.File, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(n), "control"), nil
}
