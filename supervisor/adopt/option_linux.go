package adopt

import (
	"bytes"
	"unsafe"

	"golang.org/x/sys/unix"
)

// option is one of getsockopt(2), of any size.
type option struct {
	level, name int
	halved      bool // the kernel gives twice what was set (socket(7))
}

// placeOptions decide with which addresses a socket can be bound, and in which company.
func placeOptions(domain int) []option {
	list := []option{
		{level: unix.SOL_SOCKET, name: unix.SO_BINDTODEVICE},
		{level: unix.IPPROTO_IP, name: unix.IP_FREEBIND},
		{level: unix.IPPROTO_IP, name: unix.IP_TRANSPARENT},
	}
	if domain == unix.AF_INET6 {
		list = append(list, option{level: unix.IPPROTO_IPV6, name: unix.IPV6_V6ONLY})
	}
	return list
}

// streamOptions are what programs set on a listener for its own sake or for the connections, which inherit it.
func streamOptions(domain int) []option {
	const socket, tcp, ip = unix.SOL_SOCKET, unix.IPPROTO_TCP, unix.IPPROTO_IP
	list := []option{
		{level: socket, name: unix.SO_RCVBUF, halved: true}, {level: socket, name: unix.SO_SNDBUF, halved: true},
		{level: socket, name: unix.SO_LINGER}, {level: socket, name: unix.SO_RCVLOWAT},
		{level: socket, name: unix.SO_RCVTIMEO}, {level: socket, name: unix.SO_SNDTIMEO},
	}
	if domain == unix.AF_UNIX {
		return append(list, option{level: socket, name: unix.SO_PASSCRED})
	}
	for _, name := range []int{unix.SO_KEEPALIVE, unix.SO_PRIORITY, unix.SO_MARK, unix.SO_BUSY_POLL} {
		list = append(list, option{level: socket, name: name})
	}
	for _, name := range []int{unix.TCP_NODELAY, unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT, unix.TCP_DEFER_ACCEPT,
		unix.TCP_USER_TIMEOUT, unix.TCP_MAXSEG, unix.TCP_FASTOPEN, unix.TCP_WINDOW_CLAMP, unix.TCP_CONGESTION, unix.TCP_NOTSENT_LOWAT,
		unix.TCP_QUICKACK, unix.TCP_LINGER2, unix.TCP_SYNCNT, unix.TCP_SAVE_SYN} {
		list = append(list, option{level: tcp, name: name})
	}
	list = append(list, option{level: ip, name: unix.IP_TOS}, option{level: ip, name: unix.IP_TTL})
	if domain == unix.AF_INET6 {
		list = append(list, option{level: unix.IPPROTO_IPV6, name: unix.IPV6_TCLASS}, option{level: unix.IPPROTO_IPV6, name: unix.IPV6_UNICAST_HOPS})
	}
	return list
}

// get reads an option as bytes; nil when the socket does not have it.
func (o option) get(fd int) []byte {
	b := make([]byte, 32)
	size := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(o.level), uintptr(o.name),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return nil
	}
	return b[:size]
}

func (o option) set(fd int, value []byte) error {
	if o.halved && len(value) == 4 {
		return unix.SetsockoptInt(fd, o.level, o.name, int(*(*int32)(unsafe.Pointer(&value[0])))/2)
	}
	var at unsafe.Pointer
	if len(value) > 0 {
		at = unsafe.Pointer(&value[0])
	}
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(o.level), uintptr(o.name), uintptr(at), uintptr(len(value)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// copyPlace makes to like from where it matters for bind(2).
func copyPlace(from, to int) error {
	domain, err := unix.GetsockoptInt(from, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return err
	}
	for _, o := range placeOptions(domain) {
		value := o.get(from)
		if value == nil || bytes.Equal(value, o.get(to)) {
			continue
		}
		if err := o.set(to, value); err != nil {
			return err
		}
	}
	return nil
}

// copyWishes sets on to what the program changed on from, where the configuration has left the system's value: what it says wins. What
// cannot be set is left, as it is no reason to refuse the program its socket.
func copyWishes(from, to int, sock nature) {
	theirs, err := unix.Socket(sock.domain, sock.kind|unix.SOCK_CLOEXEC, sock.protocol)
	if err != nil {
		return
	}
	defer unix.Close(theirs)
	ours, err := unix.Socket(sock.domain, sock.kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(ours)
	for _, o := range streamOptions(sock.domain) {
		wish := o.get(from)
		if wish == nil || bytes.Equal(wish, o.get(theirs)) || !bytes.Equal(o.get(to), o.get(ours)) {
			continue
		}
		_ = o.set(to, wish)
	}
}
