package stage

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// tellReady tells whoever reads the worker's NOTIFY_SOCKET, sd_notify(3), that the command is ready and the main process from now on, and
// closes known when that has been taken in. He may be away for a while: then the messages wait in the socket. When there is
// nobody, known stays open.
func tellReady(env []string, pid int, known chan struct{}) {
	path, _ := lookup(env, "NOTIFY_SOCKET")
	var ends [2]int
	if path == "" || unix.Pipe2(ends[:], unix.O_CLOEXEC) != nil {
		return
	}
	err := send(path, fmt.Sprintf("MAINPID=%d\nREADY=1", pid), nil)
	if err == nil {
		err = send(path, "BARRIER=1", unix.UnixRights(ends[1]))
	}
	unix.Close(ends[1])
	if err != nil {
		return
	}
	for {
		if _, err := syscall.Read(ends[0], make([]byte, 1)); err != unix.EINTR { // the end: nobody writes
			close(known)
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
