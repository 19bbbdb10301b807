package adopt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filterFlags: a listener for questions, and no signal but a deadly one disturbs the program once its question was taken out. Without
// the second a signal makes bind return EINTR, or ask again for ever. The third is for machines that slow down what is filtered because
// it might be a sandbox (spec_store_bypass_disable=seccomp on the kernel's command line).
const filterFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW

func install(fd int, f Filter) error {
	notify, err := attach(f)
	if err != nil {
		return fmt.Errorf("cannot intercept bind and listen: %w", err)
	}
	defer unix.Close(notify)
	if err := unix.Sendmsg(fd, []byte{0}, unix.UnixRights(notify), nil, 0); err != nil {
		return fmt.Errorf("cannot send the descriptor of the filter: %w", err)
	}
	return nil
}

func attach(f Filter) (notify int, err error) {
	kinds := abis(runtime.GOARCH)
	if kinds == nil {
		return -1, fmt.Errorf("not supported on %s", runtime.GOARCH)
	}
	list := code(kinds, f)
	notify, err = setFilter(list)
	if errors.Is(err, unix.EACCES) { // no CAP_SYS_ADMIN
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return -1, os.NewSyscallError("PR_SET_NO_NEW_PRIVS", err)
		}
		notify, err = setFilter(list)
	}
	return notify, explainFilter(err)
}

func setFilter(code []unix.SockFilter) (int, error) {
	fprog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, filterFlags, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func explainFilter(err error) error {
	switch err {
	case unix.EBUSY:
		return errors.New("supervise itself runs under a filter that asks somebody (seccomp_unotify(2)), and there can be only one: it cannot adopt inside it")
	case unix.EINVAL:
		return errors.New("the kernel is too old (Linux 5.19 or newer is needed)")
	case unix.ENOSYS:
		return errors.New("the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER), or another filter forbids them")
	case unix.EPERM:
		return errors.New("seccomp(2) is forbidden here (in a container: allow it in the container's own seccomp profile)")
	}
	return err
}

// supported tries the calls of install and of the one who serves. A filter without code is EFAULT where the kernel knows the flags.
func supported() error {
	if abis(runtime.GOARCH) == nil {
		return fmt.Errorf("adopting is not supported on %s", runtime.GOARCH)
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, filterFlags, 0)
	if errno != unix.EFAULT {
		return fmt.Errorf("bind and listen cannot be intercepted: %w", explainFilter(errno))
	}
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	_, _, errno = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return fmt.Errorf("bind and listen cannot be intercepted: the kernel asks nobody (%w)", errno)
	}
	return canLook()
}
