package worker

import (
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// release frees an accept(2) that blocks in the kernel. O_NONBLOCK is one flag for all processes that hold a socket, and
// if one of them has cleared it (a Go program does so by listener.File() and Fd()), Go's Accept sleeps in the kernel and
// neither Close nor a deadline ends it; only the next connection would.
//
// It sets the flag again and interrupts every thread by SIGURG, which Go's runtime installs with SA_RESTART and
// otherwise takes for a preemption request: the kernel restarts accept(2), which sees the flag now and returns EAGAIN.
func release(l net.Listener) {
	if !makeNonblocking(l) {
		return
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, task := range tasks {
		if tid, err := strconv.Atoi(task.Name()); err == nil {
			_ = unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
		}
	}
}

// makeNonblocking reports whether the listener was a blocking one.
func makeNonblocking(l net.Listener) (changed bool) {
	s, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	c, err := s.SyscallConn()
	if err != nil {
		return false
	}
	_ = c.Control(func(fd uintptr) {
		flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
		if err == nil && flags&unix.O_NONBLOCK == 0 {
			_, err = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_NONBLOCK)
			changed = err == nil
		}
	})
	return changed
}
