package doctor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seccomp_unotify(2): the program's thread sleeps in its call, whoever has the listener answers.
//
//	program ──getppid──▶ struct seccomp_notif (80 bytes): id @0, pid @8, nr @16         ──▶ us
//	us ──▶ struct seccomp_notif_addfd (24): id, flags, srcfd, newfd, newfd_flags             its result is the program's new number
//	us ──▶ struct seccomp_notif_resp (24): id, val, error, flags                        ──▶ program: getppid gives val
const (
	ioctlReceive = 0xc0502100
	ioctlSend    = 0xc0182101
	ioctlAddFD   = 0x40182103
	questionSize = 80
	answerSize   = 24
)

// notifyPatience is for a kernel that never asks, in milliseconds.
const notifyPatience = 5000

// result is what the thread under the filter got.
type result struct {
	listener int
	err      error
}

// tryNotify puts a filter on a thread of its own, has the thread make a call, and answers it with a descriptor.
func tryNotify() error {
	attached, called := make(chan result, 1), make(chan uintptr, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with its filter
		listener, err := askAbout(unix.SYS_GETPPID)
		attached <- result{listener, err}
		if err == nil {
			n, _, _ := unix.Syscall(unix.SYS_GETPPID, 0, 0, 0)
			called <- n
		}
	}()
	r := <-attached
	if r.err != nil {
		return r.err
	}
	fd, err := answerOne(r.listener)
	_ = unix.Close(r.listener) // whoever still waits gets ENOSYS
	if err != nil {
		return err
	}
	if got := <-called; int(got) != fd {
		return fmt.Errorf("the call was answered with %d and gave %d", fd, got)
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// askAbout lets the calling thread's system call of that number be a question.
func askAbout(number uint32) (listener int, err error) {
	filter := [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // nr is first in struct seccomp_data
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, os.NewSyscallError("PR_SET_NO_NEW_PRIVS", err)
	}
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	switch errno {
	case 0:
		return int(fd), nil
	case unix.EINVAL:
		return -1, errors.New("the kernel does not know SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux 5.19 does)")
	case unix.EBUSY:
		return -1, errors.New("supervise itself is under a filter that asks somebody, and there can be only one")
	}
	return -1, os.NewSyscallError("seccomp", errno)
}

// answerOne takes one question and gives a descriptor for an answer.
func answerOne(listener int) (fd int, err error) {
	poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, notifyPatience)
	for err == unix.EINTR {
		n, err = unix.Poll(poll, notifyPatience)
	}
	if n != 1 {
		return -1, errors.New("the kernel did not ask")
	}
	var question [questionSize]byte
	if _, err := ioctl(listener, ioctlReceive, question[:]); err != nil {
		return -1, os.NewSyscallError("SECCOMP_IOCTL_NOTIF_RECV", err)
	}
	id := binary.NativeEndian.Uint64(question[:])
	var add, answer [answerSize]byte // srcfd 0: our own input
	binary.NativeEndian.PutUint64(add[:], id)
	if fd, err = ioctl(listener, ioctlAddFD, add[:]); err != nil {
		return -1, os.NewSyscallError("SECCOMP_IOCTL_NOTIF_ADDFD", err)
	}
	binary.NativeEndian.PutUint64(answer[:], id)
	binary.NativeEndian.PutUint64(answer[8:], uint64(fd))
	_, err = ioctl(listener, ioctlSend, answer[:])
	return fd, os.NewSyscallError("SECCOMP_IOCTL_NOTIF_SEND", err)
}

func ioctl(fd int, request uint, argument []byte) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(&argument[0])))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
