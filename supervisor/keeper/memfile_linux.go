package keeper

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// memoryFile makes a file in memory with the given content, which nobody can
// change any more (memfd_create(2), F_ADD_SEALS of fcntl(2)). It is read from its
// beginning. The caller owns the descriptor.
func memoryFile(name string, content []byte) (fd int, err error) {
	if err := fitsFileSize(len(content)); err != nil {
		return -1, err
	}
	f, err := fdpass.NewMemory("supervise-" + name)
	if err != nil {
		return -1, err
	}
	defer f.Close()
	// A position other than 0 would be the reader's too.
	if _, err := f.WriteAt(content, 0); err != nil {
		return -1, err
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	fd, err = unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	return fd, os.NewSyscallError("fcntl", err)
}

// fitsFileSize is asked first for the sake of its answer: a write beyond
// RLIMIT_FSIZE, also to memory, is EFBIG.
func fitsFileSize(size int) error {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_FSIZE, &l) == nil && uint64(size) > l.Cur {
		return fmt.Errorf("%d bytes are more than the limit on file size, %d (raise LimitFSIZE, ulimit -f)", size, l.Cur)
	}
	return nil
}

// readMemory reads all of a file that memoryFile made, and refuses one that could
// still change or is longer than most.
func readMemory(fd, most int) ([]byte, error) {
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&unix.F_SEAL_WRITE == 0 || seals&unix.F_SEAL_SHRINK == 0 {
		return nil, errors.New("it is no sealed file in memory")
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if st.Size > int64(most) {
		return nil, fmt.Errorf("it has %d bytes, at most %d are allowed", st.Size, most)
	}
	b := make([]byte, st.Size)
	for at := 0; at < len(b); {
		n, err := unix.Pread(fd, b[at:], int64(at))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return nil, errors.Join(errors.New("it ended early"), err)
		}
		at += n
	}
	return b, nil
}
