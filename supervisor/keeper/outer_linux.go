package keeper

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// notify speaks to the service manager that started us, sd_notify(3), which
// listens to our pid only.
func (s *server) notify(i *inquiry) (*answer, error) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return &answer{}, nil
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	err = useAll(i.beside, nil, func(fds []int) error {
		var rights []byte
		if len(fds) > 0 {
			rights = unix.UnixRights(fds...)
		}
		return unix.Sendmsg(fd, []byte(i.Text), rights, &unix.SockaddrUnix{Name: path}, unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return nil, os.NewSyscallError("sendmsg", err)
	}
	return &answer{}, nil
}

// watchdog is how often the service manager wants to hear from us,
// sd_watchdog_enabled(3); 0: never.
func watchdog(getenv func(string) string) time.Duration {
	usec, err := strconv.ParseUint(getenv("WATCHDOG_USEC"), 10, 63)
	if pid := getenv("WATCHDOG_PID"); err != nil || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	return time.Duration(min(usec, uint64(time.Hour*24/time.Microsecond))) * time.Microsecond
}
