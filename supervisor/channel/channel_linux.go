package channel

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// pair makes our end alone non-blocking: the ends are two open file descriptions.
func pair(datagrams bool) (*os.File, *fdpass.Descriptor, error) {
	kind := unix.SOCK_STREAM
	if datagrams {
		kind = unix.SOCK_DGRAM
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		_, _ = unix.Close(ends[0]), unix.Close(ends[1])
		return nil, nil, err
	}
	return os.NewFile(uintptr(ends[0]), "channel"), fdpass.NewDescriptor(ends[1]), nil
}

// content makes a pipe that holds all of b and has no writer any more.
func content(b []byte) (*fdpass.Descriptor, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(ends[1])
	reading := fdpass.NewDescriptor(ends[0])
	if err := fill(ends[1], b); err != nil {
		_ = reading.Close()
		return nil, err
	}
	return reading, nil
}

// fill makes room first: a pipe holds 64 KiB, up to fs.pipe-max-size on request (fcntl(2), F_SETPIPE_SZ).
func fill(fd int, b []byte) error {
	size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err == nil && len(b) > size {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, len(b))
	}
	if err != nil {
		return fmt.Errorf("%d bytes do not fit into a pipe: %w", len(b), err)
	}
	if len(b) == 0 {
		return nil
	}
	_, err = unix.Write(fd, b)
	return err
}

// peek gives what is there and leaves it; again: there is nothing.
func (l *listener) peek(fd int) (b []byte, again bool, err error) {
	var n int
	if l.kind == dialect.PipeOut {
		n, err = peekPipe(fd, l.buf[:])
	} else {
		n, _, err = unix.Recvfrom(fd, l.buf[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	}
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil, !readable(fd), nil
	case err != nil:
		return nil, false, err
	case n == 0 && l.kind != dialect.Datagram:
		return nil, false, io.EOF
	}
	return l.buf[:n], false, nil
}

// readable also says so of a channel whose writers are gone.
func readable(fd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil
}

// peekPipe copies from pipe to pipe: tee(2).
func peekPipe(fd int, buf []byte) (int, error) {
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

// discard takes n bytes, or one datagram, out. Descriptors that came along are never installed: nobody offers room for them.
func (l *listener) discard(fd, n int) error {
	for {
		var err error
		if l.kind == dialect.PipeOut {
			_, err = unix.Read(fd, l.buf[:n])
		} else {
			_, _, err = unix.Recvfrom(fd, l.buf[:n], unix.MSG_DONTWAIT)
		}
		if err != unix.EINTR {
			return err
		}
	}
}
