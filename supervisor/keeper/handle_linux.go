package keeper

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ownExecutable is the running program even when its file was replaced: a
// deploy of supervise must not mix two versions.
func ownExecutable() (string, error) { return "/proc/self/exe", nil }

func closeOnExecPipe(p *[2]int) error { return unix.Pipe2(p[:], unix.O_CLOEXEC) }

// planInput lays the plan ready in memory: whoever started the stage may be killed
// from here on, the stage still gets all of it.
func planInput(plan []byte) (fd int, sender *os.File, err error) {
	fd, err = memoryFile("plan", plan)
	return fd, nil, err
}

// wantPidFD has the fork make a pidfd, atomically with the child (CLONE_PIDFD, clone(2)).
func wantPidFD(attr *syscall.SysProcAttr) *int {
	pidfd := -1
	attr.PidFD = &pidfd
	return attr.PidFD
}

// bearIn has the child be born in the group (CLONE_INTO_CGROUP, clone(2)): no instruction of it runs elsewhere.
func bearIn(attr *syscall.SysProcAttr, group int) {
	attr.UseCgroupFD, attr.CgroupFD = group != noGroup, max(group, 0)
}

// childHandle makes the handle of a child just forked; pidfd is -1 before Linux 5.4.
func childHandle(pid int, pidfd *int) handle {
	if *pidfd >= 0 {
		return newPidFD(*pidfd)
	}
	h, err := portableHandle(pid)
	if err != nil {
		panic("internal error: os.FindProcess failed for a child: " + err.Error())
	}
	return h
}

// openHandle makes a handle of any process. Whether it is the one meant must be
// checked afterwards.
func openHandle(pid int) (handle, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		if err == unix.ESRCH {
			return nil, os.ErrProcessDone
		}
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return newPidFD(fd), nil
}

// pidFD is a handle by pidfd_open(2). It is readable from the moment the process
// is gone, so Go's poller waits for it: a thousand idle workers cost no thread.
type pidFD struct{ file *os.File }

func newPidFD(fd int) *pidFD {
	unix.CloseOnExec(fd)
	return &pidFD{pollable(fd, "pidfd")}
}

func (p *pidFD) wait() (Exit, error) {
	var exit Exit
	err := p.await(func(fd int) (gone bool, err error) {
		exit, gone, err = exitOf(fd)
		return gone, err
	})
	exit.At = time.Now()
	return exit, err
}

// await blocks until look, which is called whenever something may have changed,
// says that the process is gone.
func (p *pidFD) await(look func(fd int) (gone bool, err error)) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Read(func(fd uintptr) (gone bool) {
		gone, failed = look(int(fd))
		return gone || failed != nil
	})
	return errors.Join(err, failed)
}

// childInfo is siginfo_t as waitid(2) fills it in for SIGCHLD.
type childInfo struct {
	_      [2]int32 // si_signo, si_errno
	code   int32
	_      [0]uintptr // the union behind is aligned to a word
	pid    int32
	_      uint32 // si_uid
	status int32
	_      [128]byte // the kernel writes 128 bytes in all
}

// exitOf asks without blocking and without reaping.
func exitOf(pidfd int) (exit Exit, gone bool, err error) {
	var info childInfo
	err = waitid(pidfd, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT)
	switch {
	case err == unix.ECHILD: // not our child
		gone, err = isReadable(pidfd)
		return Exit{Unknown: gone}, gone, err
	case err == unix.EAGAIN || err == nil && info.pid == 0:
		return Exit{}, false, nil
	case err != nil:
		return Exit{}, false, os.NewSyscallError("waitid", err)
	}
	const exited, dumped = 1, 3 // CLD_EXITED, CLD_DUMPED
	if info.code == exited {
		return Exit{Code: int(info.status)}, true, nil
	}
	return Exit{Signal: syscall.Signal(info.status), CoreDumped: info.code == dumped}, true, nil
}

func waitid(pidfd int, info *childInfo, options int) error {
	for {
		err := unix.Waitid(unix.P_PIDFD, pidfd, (*unix.Siginfo)(unsafe.Pointer(info)), options, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

func isReadable(fd int) (bool, error) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err != unix.EINTR {
			return n > 0, err
		}
	}
}

func (p *pidFD) signal(sig syscall.Signal) error {
	return p.use(func(fd int) error {
		err := unix.PidfdSendSignal(fd, sig, nil, 0)
		if err == unix.ESRCH {
			return os.ErrProcessDone
		}
		return err
	})
}

// reap ignores a process that is not our child: its parent does it.
func (p *pidFD) reap() {
	_ = p.use(func(fd int) error { return waitid(fd, new(childInfo), unix.WEXITED|unix.WNOHANG) })
}

func (p *pidFD) use(f func(fd int) error) error { return useFile(p.file, f) }

func (p *pidFD) close() { _ = p.file.Close() }
