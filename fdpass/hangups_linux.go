package fdpass

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// hangUps is an epoll instance of its own, which waits in Go's poller: that one cannot wait for a hang-up alone.
type hangUps struct {
	file *os.File
	raw  syscall.RawConn
}

func newHangUps() (*HangUps, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot watch for hang-ups: %w", err)
	}
	h := &HangUps{hangUps{file: os.NewFile(uintptr(fd), "hang-ups")}}
	h.raw, err = h.file.SyscallConn()
	return h, err
}

// add asks for no event: errors and hang-ups come all the same, epoll_ctl(2).
func (h *hangUps) add(d *Descriptor, key uint32) error {
	return d.Use(func(fd int) error {
		if !isSocketFD(fd) && !isPipeFD(fd) {
			return nil
		}
		return h.change(unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(key)})
	})
}

func (h *hangUps) remove(d *Descriptor) {
	_ = d.Use(func(fd int) error { return h.change(unix.EPOLL_CTL_DEL, fd, nil) })
}

func (h *hangUps) change(op, fd int, event *unix.EpollEvent) (err error) {
	control := h.raw.Control(func(epoll uintptr) { err = unix.EpollCtl(int(epoll), op, fd, event) })
	if control != nil {
		return control
	}
	return err
}

func (h *hangUps) next() (key uint32, err error) {
	var events [1]unix.EpollEvent
	wait := h.raw.Read(func(epoll uintptr) bool {
		var n int
		n, err = unix.EpollWait(int(epoll), events[:], 0)
		return n > 0 || err != nil && err != unix.EINTR
	})
	if wait != nil {
		return 0, os.ErrClosed
	}
	return uint32(events[0].Fd), err
}

func (h *hangUps) close() error { return h.file.Close() }
