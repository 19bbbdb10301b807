package stage

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// tellReady tells whoever reads the worker's NOTIFY_SOCKET, sd_notify(3), that the command is ready, and unless this process stays that it is the
// main process from now on; then known is closed when that has been taken in. He may be away for a while: the messages wait
// in the socket. When there is nobody, known stays open.
func (p *parent) tellReady(known chan struct{}) {
	path, _ := lookup(p.env, "NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if p.Stay {
		_ = send(path, "READY=1", nil)
		return
	}
	var ends [2]int
	if unix.Pipe2(ends[:], unix.O_CLOEXEC) != nil {
		return
	}
	err := send(path, fmt.Sprintf("MAINPID=%d\nREADY=1", p.child), nil)
	if err == nil {
		err = send(path, "BARRIER=1", unix.UnixRights(ends[1]))
	}
	unix.Close(ends[1])
	if err == nil {
		awaitEnd(ends[0])
		close(known)
	}
}

// awaitEnd waits until nobody has the writing end of a pipe any more.
func awaitEnd(pipe int) {
	for {
		if n, err := syscall.Read(pipe, make([]byte, 1)); err != unix.EINTR && n <= 0 {
			return
		}
	}
}

func send(path, text string, rights []byte) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		if err := unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: path}, 0); err != unix.EINTR {
			return err
		}
	}
}
