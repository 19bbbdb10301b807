package main

import (
	"context"

	"golang.org/x/sys/unix"
)

// whileRead is ctx until the reader of our output is gone: `supervise logs -f | head -1` shall end when head does, not with the
// next line. poll(2) tells it of a pipe or socket with POLLERR, which needs not be asked for.
func (a *app) whileRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	fds := []unix.PollFd{{Fd: int32(a.out.Fd())}}
	go func() {
		for {
			n, err := unix.Poll(fds, -1)
			if err == unix.EINTR || err == unix.EAGAIN {
				continue
			}
			if err != nil || n > 0 {
				cancel()
				return
			}
		}
	}()
	return ctx
}
