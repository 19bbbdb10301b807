package output

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// glance is how much of a readiness pipe is looked at at once: a newline is expected and nothing else.
const glance = 4 << 10

func awaitLine(r *os.File) error {
	raw, err := r.SyscallConn()
	if err != nil {
		return err
	}
	var seen bool
	wait := raw.Read(func(fd uintptr) bool {
		for err == nil && !seen && readable(int(fd)) {
			seen, err = look(int(fd))
		}
		return err != nil || seen
	})
	switch {
	case wait != nil:
		return closedOr(r, wait)
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}

// readable also says so of a pipe whose writers are gone.
func readable(fd int) bool {
	list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(list, 0)
	return n > 0 || err != nil
}

// look looks at the pipe once. It takes out what comes before a newline, so that the pipe is empty when we wait: see ScanPipe.
func look(fd int) (seen bool, err error) {
	buf := make([]byte, glance)
	n, err := peek(fd, buf)
	switch {
	case err != nil: // no descriptor left: take the newline, too
		n = len(buf)
	case bytes.IndexByte(buf[:n], '\n') >= 0:
		return true, nil
	case n == 0:
		return false, io.EOF
	}
	n, err = unix.Read(fd, buf[:n])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return false, nil
	case err == nil && n == 0:
		return false, io.EOF
	}
	return err == nil && bytes.IndexByte(buf[:n], '\n') >= 0, err
}

// peek reads what the pipe begins with and leaves it there. tee(2) copies from pipe to pipe.
func peek(fd int, buf []byte) (int, error) {
	var scratch [2]int
	if err := unix.Pipe2(scratch[:], unix.O_CLOEXEC); err != nil {
		return 0, err
	}
	defer func() { _, _ = unix.Close(scratch[0]), unix.Close(scratch[1]) }()
	n, err := unix.Tee(fd, scratch[1], len(buf), unix.SPLICE_F_NONBLOCK)
	if n <= 0 || err != nil {
		return 0, err
	}
	return unix.Read(scratch[0], buf[:n])
}
