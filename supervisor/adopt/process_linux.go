package adopt

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// pidfdThread asks pidfd_open(2) for a thread; Linux 6.9 or newer.
const pidfdThread = unix.O_EXCL

// errGone is of a program that was killed while we looked at it.
var errGone = errors.New("the program has gone")

// look says why the program could not be looked at.
func look(what string, err error) error {
	if err == unix.EPERM || err == unix.EACCES {
		return fmt.Errorf("its %s may not be looked at (it has changed its user, or may not be traced: supervise needs CAP_SYS_PTRACE, or kernel.yama.ptrace_scope = 0)", what)
	}
	return fmt.Errorf("its %s cannot be looked at: %w", what, err)
}

// read copies size bytes of the program's memory: all of them, or an error.
func (s *server) read(n *notice, at uint64, size int) ([]byte, error) {
	b, err := readSome(int(n.pid), at, size)
	if err == nil && len(b) < size {
		err = unix.EFAULT
	}
	if !s.waits(n) {
		return nil, errGone
	}
	return b, err
}

// readSome gives less where the program's memory ends.
func readSome(pid int, at uint64, size int) ([]byte, error) {
	b := make([]byte, size)
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(size)
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: size}}
	got, err := unix.ProcessVMReadv(pid, local, remote, 0)
	if err == unix.EFAULT {
		return nil, err
	}
	if err != nil {
		return nil, look("memory", err)
	}
	return b[:got], nil
}

// text reads a path: at most PATH_MAX bytes, page by page, because the next page may not be there.
func (s *server) text(n *notice, at uint64) (string, error) {
	const pathMax, step = 4096, 256
	var all []byte
	for len(all) < pathMax {
		from := at + uint64(len(all))
		b, err := readSome(int(n.pid), from, step-int(from%step))
		if err != nil {
			return "", err
		}
		if before, _, found := strings.Cut(string(b), "\x00"); found {
			if !s.waits(n) {
				return "", errGone
			}
			return string(all) + before, nil
		}
		all = append(all, b...)
	}
	return "", unix.ENAMETOOLONG // as the kernel will say
}

// fetch duplicates a descriptor of the program. The caller owns it. unix.EBADF is the program's own mistake.
func (s *server) fetch(n *notice, number int) (*fdpass.Descriptor, error) {
	process, err := unix.PidfdOpen(int(n.pid), pidfdThread)
	if err == unix.EINVAL {
		process, err = unix.PidfdOpen(processOf(int(n.pid)), 0)
	}
	if err != nil {
		return nil, look("descriptors", err)
	}
	defer unix.Close(process)
	if !s.waits(n) {
		return nil, errGone
	}
	fd, err := unix.PidfdGetfd(process, number, 0)
	if err == unix.EBADF {
		return nil, err
	}
	if err != nil {
		return nil, look("descriptors", err)
	}
	return fdpass.NewDescriptor(fd), nil
}

// processOf gives the process that a thread belongs to; the number itself when it has gone.
func processOf(thread int) int {
	if number, ok := field(procFile(thread, "status"), "Tgid:"); ok {
		if pid, err := strconv.Atoi(number); err == nil {
			return pid
		}
	}
	return thread
}

// field finds a line "NAME value".
func field(file, name string) (string, bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// procFile names a file below /proc/PID.
func procFile(pid int, parts ...string) string {
	return "/proc/" + strconv.Itoa(pid) + "/" + strings.Join(parts, "/")
}

// flagsOf gives the flags of open(2) that a descriptor has, O_CLOEXEC among them (proc_pid_fdinfo(5)).
func flagsOf(pid, number int) (int, error) {
	octal, ok := field(procFile(pid, "fdinfo", strconv.Itoa(number)), "flags:")
	flags, err := strconv.ParseInt(octal, 8, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("the flags of its descriptor %d cannot be read", number)
	}
	return int(flags), nil
}

// canLook tries on this process itself what serving does to others: containers often forbid it.
func canLook() error {
	process, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("programs cannot be looked at: pidfd_open: %w", err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, process, 0)
	if err != nil {
		return fmt.Errorf("programs cannot be looked at: pidfd_getfd: %w (in a container: allow it, --cap-add SYS_PTRACE)", err)
	}
	_ = unix.Close(fd)
	return yama()
}

// yama is the security module that lets a process look only into its descendants, and the programs are the keeper's. The file is missing
// where the kernel does without it.
func yama() error {
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	scope := strings.TrimSpace(string(b))
	if err != nil || scope == "0" || scope != "3" && mayTrace() {
		return nil
	}
	return fmt.Errorf("programs may not be looked at: kernel.yama.ptrace_scope is %s (sysctl -w kernel.yama.ptrace_scope=0, or give supervise CAP_SYS_PTRACE)", scope)
}

// mayTrace is whether this process has CAP_SYS_PTRACE.
func mayTrace() bool {
	hex, _ := field("/proc/self/status", "CapEff:")
	set, err := strconv.ParseUint(hex, 16, 64)
	return err == nil && set&(1<<unix.CAP_SYS_PTRACE) != 0
}
