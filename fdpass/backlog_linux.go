package fdpass

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// systemMaxBacklog reads net.core.somaxconn at each call: it can change at any time and each network namespace has its
// own. Without /proc it is the kernel's built-in number.
func systemMaxBacklog() int {
	n, err := readNumber("/proc/sys/net/core/somaxconn")
	if err != nil || n < 1 {
		return unix.SOMAXCONN
	}
	return n
}

func readNumber(path string) (int, error) {
	s, err := readFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(s)
}

func readFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	return strings.TrimSpace(string(b)), err
}

func listen(fd, backlog int) error {
	if backlog == 0 {
		backlog = systemMaxBacklog()
	}
	return unix.Listen(fd, backlog)
}

// backlogWarnings compares what was configured with what listen(2) made of it; the kernel cuts without a word.
func backlogWarnings(fd int, spec Spec) []string {
	effective, _ := readQueue(fd, spec.Address)
	if spec.Backlog == 0 || effective < 0 || effective >= spec.Backlog {
		return nil
	}
	return []string{fmt.Sprintf("listener %q: the backlog of %d is cut to %d by net.core.somaxconn (raise it: sysctl -w net.core.somaxconn=%d)",
		spec.Name, spec.Backlog, effective, spec.Backlog)}
}

func readState(fd int, a Address) (State, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return State{}, os.NewSyscallError("fcntl", err)
	}
	s := State{Backlog: -1, Queue: -1, Listening: true, Nonblocking: flags&unix.O_NONBLOCK != 0}
	if a.Network == "fifo" {
		return s, nil
	}
	if s.Listening = !isShut(fd); a.listens() {
		accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err != nil {
			return State{}, os.NewSyscallError("getsockopt", err)
		}
		s.Listening = s.Listening && accepts != 0
		s.Backlog, s.Queue = readQueue(fd, a)
	}
	return s, nil
}

// isShut says whether somebody called shutdown(2). A unix listener keeps SO_ACCEPTCONN then; only poll(2) tells.
func isShut(fd int) bool {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(set, 0)
	return err == nil && n == 1 && set[0].Revents&(unix.POLLHUP|unix.POLLRDHUP) != 0
}

// readQueue gives the limit and the length of the accept queue, -1 where the kernel does not tell.
func readQueue(fd int, a Address) (limit, queued int) {
	switch {
	case a.isTCP():
		return readTCPQueue(fd)
	case a.isUnix():
		return readUnixQueue(fd)
	}
	return -1, -1
}

// readTCPQueue: in the LISTEN state two fields of TCP_INFO mean something else (tcp_get_info in net/ipv4/tcp.c).
func readTCPQueue(fd int) (limit, queued int) {
	const stateListen = 10
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil || info.State != stateListen {
		return -1, -1
	}
	return int(info.Sacked), int(info.Unacked)
}

func readUnixQueue(fd int) (limit, queued int) {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return -1, -1
	}
	m, err := unixSocket(uint32(st.Ino))
	if err != nil || m.state != tcpListen {
		return -1, -1
	}
	return int(m.writeQueue), int(m.readQueue)
}
