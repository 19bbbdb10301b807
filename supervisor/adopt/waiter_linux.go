package adopt

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// waiter waits for a descriptor to become readable in Go's poller, so that no thread is kept by a program that says nothing for days.
type waiter struct {
	file *os.File // a duplicate: the flags are the description's, the poller's entry is ours
	stop func() bool
}

// newWaiter sets O_NONBLOCK on the description, which the ones that are waited for here do not mind. The waiter must be closed.
func newWaiter(ctx context.Context, d *fdpass.Descriptor) (*waiter, error) {
	w := &waiter{}
	err := d.Use(func(fd int) error {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err == nil {
			err = unix.SetNonblock(n, true)
			w.file = os.NewFile(uintptr(n), "waiter")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w.stop = context.AfterFunc(ctx, func() { _ = w.file.SetReadDeadline(time.Unix(1, 0)) })
	return w, nil
}

func (w *waiter) close() {
	w.stop()
	_ = w.file.Close()
}

// wait returns when there is something to read; io.EOF when there never will be (POLLHUP alone); ctx.Err() when ctx ended, also when
// there is something.
func (w *waiter) wait(ctx context.Context) error {
	raw, err := w.file.SyscallConn()
	if err != nil {
		return err
	}
	var state int16
	err = raw.Read(func(fd uintptr) bool {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		_, err := unix.Poll(list, 0)
		state = list[0].Revents
		return err == unix.EINTR || state != 0
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case state&unix.POLLIN == 0 && state != 0:
		return io.EOF
	case state == 0:
		return w.wait(ctx)
	}
	return nil
}
