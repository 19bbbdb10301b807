package fdpass

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// explain puts an errno into words: the cause, and what to do. op is that of OpenError. The sources are the ERRORS
// sections of socket(2), bind(2), listen(2), setsockopt(2), ip(7), tcp(7), unix(7) and fifo(7).
func explain(spec Spec, op string, errno syscall.Errno) (cause, advice string) {
	words := []func(Spec, string, syscall.Errno) (string, string){explainLimits, explainOption}
	switch op {
	case "socket":
		words = append(words, explainSocket)
	case "pause":
		words = append(words, explainPause)
	case "bind", "listen", "fifo", "reopen":
		words = append(words, explainAddress, explainPath)
	}
	for _, f := range words {
		if cause, advice := f(spec, op, errno); cause != "" {
			return cause, advice
		}
	}
	return errno.Error(), ""
}

// explainLimits: what a process or the system has run out of, whatever the call.
func explainLimits(_ Spec, _ string, errno syscall.Errno) (cause, advice string) {
	switch errno {
	case unix.EMFILE:
		var limit unix.Rlimit
		_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
		return fmt.Sprintf("this process has all its %d descriptors open", limit.Cur), "raise RLIMIT_NOFILE: ulimit -n, or LimitNOFILE= of systemd"
	case unix.ENFILE:
		n, _ := readNumber("/proc/sys/fs/file-max")
		return fmt.Sprintf("the system has all its %d files open", n), "raise it: sysctl -w fs.file-max=N"
	case unix.ENOMEM:
		return "the kernel has no memory left for it", "free memory, or raise the memory limit of this process's control group"
	case unix.ENOBUFS:
		return "the kernel has no buffer space left for it", "free memory, or lower receive_buffer and send_buffer"
	case unix.EBADF:
		return "the descriptor is not open", "something in this process closed it; this is a bug"
	case unix.ENOTSOCK:
		return "the descriptor is not a socket", "check what LISTEN_FDS hands over"
	case unix.EFAULT:
		return "the kernel could not read the address", "this is a bug"
	case unix.EINTR:
		return "a signal interrupted it", "try again"
	}
	return "", ""
}

func explainSocket(spec Spec, _ string, errno syscall.Errno) (cause, advice string) {
	switch errno {
	case unix.EAFNOSUPPORT:
		return "this kernel has no " + familyOf(spec.Address), "choose another network, or load the module"
	case unix.EPROTONOSUPPORT, unix.ENOPROTOOPT, unix.ESOCKTNOSUPPORT:
		if spec.Options.Multipath {
			return "this kernel has no multipath TCP, or it is off", "sysctl -w net.mptcp.enabled=1, or remove multipath"
		}
		return "this kernel has no " + spec.Address.Network + " sockets", "choose another network"
	case unix.EACCES, unix.EPERM:
		return "permission denied to make such a socket", "a security policy forbids it: seccomp, SELinux, or RestrictAddressFamilies= of systemd"
	case unix.EINVAL:
		return "this kernel does not know the protocol", "choose another network"
	}
	return "", ""
}

func explainPause(_ Spec, _ string, errno syscall.Errno) (cause, advice string) {
	if errno == unix.EPERM {
		return "permission denied to put a socket filter on TCP", "run as root, or give CAP_NET_ADMIN"
	}
	return "", ""
}

func familyOf(a Address) string {
	switch {
	case a.isUnix():
		return "unix sockets"
	case a.Network == "vsock":
		return "vsock"
	}
	if ip, err := a.ip(); err == nil && ip.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

func explainAddress(spec Spec, op string, errno syscall.Errno) (cause, advice string) {
	a := spec.Address
	switch errno {
	case unix.EADDRINUSE:
		return explainInUse(a)
	case unix.EADDRNOTAVAIL:
		if a.Network == "vsock" {
			return "this machine does not have the context id " + a.Host, "leave the context id out for any"
		}
		return "no interface of this machine has the address " + a.Host + ownAddresses(), "use one of these, or free_bind = true to bind before it exists"
	case unix.EOPNOTSUPP:
		return "this kind of socket cannot listen", "only tcp, unix, unixpacket and vsock have connections and a backlog"
	case unix.EAFNOSUPPORT:
		return "the address is of another family than the socket", "check network and host"
	case unix.ENODEV, unix.ENXIO:
		if a.isIP() {
			return "there is no such network interface", "check the zone after % in the address"
		}
	case unix.EACCES, unix.EPERM:
		if a.isIP() || a.Network == "vsock" {
			return explainPrivilege(a)
		}
	case unix.EINVAL:
		return explainInvalid(a)
	case unix.EDESTADDRREQ:
		return "the socket has no address", "this is a bug"
	}
	return "", ""
}

func explainInUse(a Address) (cause, advice string) {
	if a.isIP() && a.Port == 0 {
		ports, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
		return "no free port is left in net.ipv4.ip_local_port_range (" + strings.Join(strings.Fields(string(ports)), "-") + ")",
			"widen the range by sysctl, or choose a port outside it"
	}
	by := heldBy(a)
	switch by {
	case "":
		return "the address is in use", "stop what has it, or choose another address"
	case heldByUs:
		return "the address is in use, " + by, "another listener has it: give one of them another address"
	}
	return "the address is in use, " + by, "stop that process, or choose another address"
}

func explainPrivilege(a Address) (cause, advice string) {
	first, err := readNumber("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	switch {
	case a.Network == "vsock":
		return "permission denied: vsock ports below 1024 are privileged", "run as root, or give CAP_NET_BIND_SERVICE"
	case err == nil && int(a.Port) < first:
		return fmt.Sprintf("permission denied: ports below %d are privileged", first),
			fmt.Sprintf("run as root, give CAP_NET_BIND_SERVICE, or sysctl -w net.ipv4.ip_unprivileged_port_start=%d", a.Port)
	}
	return "permission denied to bind to this address", "a security policy forbids it, or it is a broadcast address without broadcast = true"
}

func explainInvalid(a Address) (cause, advice string) {
	if ip, err := a.ip(); a.isIP() && err == nil && ip.IsLinkLocalUnicast() && ip.Is6() && ip.Zone() == "" {
		return "a link-local address needs its interface", "write it as a zone: " + ip.String() + "%eth0"
	}
	return "the kernel does not take this address", "it is malformed, or the socket is bound already"
}
