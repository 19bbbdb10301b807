package doctor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass/steer"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
)

// secret is what is read in the memory of the process that is looked at.
var secret = [...]byte{'s', 'u', 'p', 'e', 'r', 'v', 'i', 's', 'e'}

// wait tells where secret is and waits for the end of its input.
func wait() int {
	fmt.Printf("%x\n", uintptr(unsafe.Pointer(&secret)))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// try finds everything out. pid is a sibling with secret at address.
func try(pid int, address uintptr) (Facts, error) {
	f := Facts{
		Machine: runtime.GOOS + "/" + runtime.GOARCH, Kernel: release(), UID: os.Geteuid(), Namespace: inNamespace(), Capabilities: capabilities(),
		Notify: text(tryNotify()), GetFD: text(tryGetFD(pid)), ReadMemory: text(tryReadMemory(pid, address)), Adopt: text(adopt.Supported()),
		Sysctl: sysctls(), NoFile: limit(unix.RLIMIT_NOFILE), MemoryLock: limit(unix.RLIMIT_MEMLOCK), HideProc: hideProc(readAll("/proc/self/mountinfo")),
	}
	s := steer.Detect()
	f.Extended, f.Classic, f.Migrate = text(s.Extended), text(s.Classic), text(s.Migrate)
	place, err := cgroup.Find()
	f.Group, f.Controllers = text(err), map[string]string{}
	if err == nil {
		for _, name := range []string{"cpu", "memory", "pids"} {
			f.Controllers[name] = text(place.Offers([]string{name}))
		}
	}
	return f, nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func release() string {
	var name unix.Utsname
	_ = unix.Uname(&name)
	return unix.ByteSliceToString(name.Release[:])
}

// inNamespace is whether user numbers are translated: only in the machine's own namespace are all of them themselves.
func inNamespace() bool {
	fields := strings.Fields(readAll("/proc/self/uid_map"))
	return len(fields) > 0 && strings.Join(fields, " ") != "0 0 4294967295"
}

// capabilities gives the effective ones of those that are watched.
func capabilities() []string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return nil
	}
	var names []string
	for _, c := range watched {
		if data[c.number/32].Effective&(1<<(c.number%32)) != 0 {
			names = append(names, c.name)
		}
	}
	return names
}

// sysctls reads those that are judged.
func sysctls() map[string]string {
	values := map[string]string{}
	for _, name := range []string{
		"net.core.somaxconn", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
		"net.ipv4.tcp_fastopen", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_migrate_req", "fs.pipe-user-pages-soft", "fs.nr_open",
		"kernel.yama.ptrace_scope",
	} {
		b, err := os.ReadFile(filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/")))
		if err == nil {
			values[name] = strings.TrimSpace(string(b))
		}
	}
	return values
}

func limit(resource int) Limit {
	var l unix.Rlimit
	_ = unix.Getrlimit(resource, &l)
	return Limit{l.Cur, l.Max}
}

func readAll(name string) string {
	b, _ := os.ReadFile(name)
	return string(b)
}

// hideProc reads hidepid of the last mount at /proc from proc_pid_mountinfo(5): the options of the file system are the last field.
func hideProc(mountinfo string) string {
	value := ""
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 7 || fields[4] != "/proc" {
			continue
		}
		value = ""
		for option := range strings.SplitSeq(fields[len(fields)-1], ",") {
			if v, ok := strings.CutPrefix(option, "hidepid="); ok {
				value = v
			}
		}
	}
	return value
}

func tryGetFD(pid int) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, 0, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_getfd", err)
	}
	return unix.Close(fd)
}

func tryReadMemory(pid int, address uintptr) error {
	b := make([]byte, len(secret))
	n, err := unix.ProcessVMReadv(pid, []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}, []unix.RemoteIovec{{Base: address, Len: len(b)}}, 0)
	switch {
	case err != nil:
		return os.NewSyscallError("process_vm_readv", err)
	case n != len(b) || string(b) != string(secret[:]):
		return fmt.Errorf("process_vm_readv gave %q", b[:max(n, 0)])
	}
	return nil
}
