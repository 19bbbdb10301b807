package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func pair() (ours, theirs *fdpass.Descriptor, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return fdpass.NewDescriptor(ends[0]), fdpass.NewDescriptor(ends[1]), nil
}

func receive(ctx context.Context, pair *fdpass.Descriptor, hold func(*fdpass.Descriptor) error) (*fdpass.Descriptor, error) {
	w, err := newWaiter(ctx, pair)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if err := w.wait(ctx); err != nil {
		return nil, err
	}
	notify, err := take(pair, unix.MSG_PEEK)
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("cannot receive the descriptor of the filter: %w", err)
	}
	if err := hold(notify); err != nil {
		_ = notify.Close()
		return nil, err
	}
	if again, err := take(pair, 0); err == nil {
		_ = again.Close()
	}
	return notify, nil
}

// take reads the one message; with MSG_PEEK it stays, and the descriptor is a duplicate (unix(7)).
func take(pair *fdpass.Descriptor, flags int) (notify *fdpass.Descriptor, err error) {
	err = pair.Use(func(fd int) error {
		var data [1]byte
		control := make([]byte, unix.CmsgSpace(4))
		n, size, _, _, err := unix.Recvmsg(fd, data[:], control, flags|unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
		if err != nil {
			return err
		}
		list, err := rights(control[:size])
		if len(list) == 1 && n == 1 && err == nil {
			notify = fdpass.NewDescriptor(list[0])
			return nil
		}
		for _, stray := range list {
			_ = unix.Close(stray)
		}
		if n == 0 && err == nil {
			return io.EOF
		}
		return errors.Join(errors.New("it is not what the stage sends"), err)
	})
	return notify, err
}

// rights collects what the kernel has installed, before anybody judges it.
func rights(control []byte) (list []int, err error) {
	messages, err := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		fds, failed := unix.ParseUnixRights(&m)
		list, err = append(list, fds...), errors.Join(err, failed)
	}
	return list, err
}
