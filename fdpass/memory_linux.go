package fdpass

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newMemory: kernels with vm.memfd_noexec=2 insist on MFD_NOEXEC_SEAL, those before 6.3 do not know it.
func newMemory(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make memory file %q: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
