package fdpass

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// explainPath: what the file system answers for the path of a unix socket or fifo.
func explainPath(spec Spec, _ string, errno syscall.Errno) (cause, advice string) {
	path := spec.Address.Path
	dir := filepath.Dir(path)
	switch errno {
	case unix.EACCES, unix.EPERM:
		return "permission denied to make a file in " + dir, "let this user write and search in the folder, or choose another"
	case unix.ENOENT:
		return "the folder " + dir + " does not exist", "make it first: mkdir -p " + dir
	case unix.ENOTDIR:
		return "a part of " + dir + " is not a folder", "check the path"
	case unix.EROFS:
		return dir + " is on a read-only file system", "choose a folder such as /run"
	case unix.ELOOP:
		return "the path has a loop of symbolic links, or ends in one", "check the links, and name the file itself"
	case unix.ENAMETOOLONG:
		if spec.Address.Network == "fifo" {
			return "a name in the path has more than 255 bytes, or all of it more than 4095", "choose a shorter path"
		}
		return fmt.Sprintf("the path has %d bytes, a socket's path can have %d", len(path), maxUnixPath), "choose a shorter path"
	case unix.ENOSPC, unix.EDQUOT:
		return "there is no space for another file in " + dir, "free some space or inodes"
	case unix.EISDIR:
		return "there is a folder at this path", "choose another path"
	case unix.ENXIO:
		return "the file at this path is no fifo", "move it away, or choose another path"
	}
	return "", ""
}

// explainOption: setsockopt(2) and its kind, for the op that is an attribute's name.
func explainOption(spec Spec, op string, errno syscall.Errno) (cause, advice string) {
	if op == "owner" || op == "mode" {
		return explainOwner(op, errno)
	}
	opt, ok := optionNamed(op)
	if !ok && op != "ipv6_only" {
		return "", ""
	}
	switch errno {
	case unix.EPERM, unix.EACCES:
		return explainCapability(opt)
	case unix.ENOPROTOOPT, unix.EOPNOTSUPP:
		return "this kernel does not have the option for " + spec.Address.Network + " sockets", "remove " + op
	case unix.ENODEV:
		return fmt.Sprintf("there is no network interface %q", spec.Options.BindDevice), "check the name: ip link"
	case unix.ENOENT:
		return fmt.Sprintf("there is no congestion control %q", spec.Options.Congestion), "see net.ipv4.tcp_available_congestion_control: " + oneLine("/proc/sys/net/ipv4/tcp_available_congestion_control")
	case unix.EINVAL, unix.EDOM, unix.ERANGE:
		return "the value is out of the range that the kernel takes", "see the man pages socket(7), ip(7) and tcp(7)"
	case unix.EBUSY:
		return "the pipe holds more data than the new size", "drain it first, or choose a larger size"
	}
	return "", ""
}

func explainCapability(opt option) (cause, advice string) {
	switch opt.name {
	case "congestion":
		return "permission denied", "give CAP_NET_ADMIN, or add it to net.ipv4.tcp_allowed_congestion_control"
	case "pipe_size":
		return "permission denied", "give CAP_SYS_RESOURCE, or raise fs.pipe-max-size (" + oneLine("/proc/sys/fs/pipe-max-size") + ") by sysctl"
	case "priority":
		return "permission denied", "values above 6 need CAP_NET_ADMIN"
	}
	if opt.needs == "" {
		return "permission denied", "a security policy forbids it"
	}
	return "permission denied", "run as root, or give " + opt.needs
}

func explainOwner(op string, errno syscall.Errno) (cause, advice string) {
	switch {
	case errno == unix.EPERM && op == "owner":
		return "permission denied", "run as root, give CAP_CHOWN, or choose a group that this user is in"
	case errno == unix.EPERM:
		return "permission denied: the file belongs to another user", "run as root, or give CAP_FOWNER"
	case errno == unix.EROFS:
		return "it is on a read-only file system", "choose a folder such as /run"
	case errno == unix.EINVAL:
		return "the user or group id is not valid in this user namespace", "choose one that is mapped"
	}
	return "", ""
}

func oneLine(path string) string {
	b, _ := readFile(path)
	return strings.Join(strings.Fields(b), " ")
}
