package adopt

import (
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// nature is what a socket was made as, with what decides who can share its address.
type nature struct {
	domain, kind, protocol int
	only6                  bool // IPV6_V6ONLY
	cookie                 uint64
	network                uint64 // cookie of its network namespace
}

// natureOf asks the kernel. ok is false for what is no socket.
func natureOf(d *fdpass.Descriptor) (n nature, ok bool) {
	err := d.Use(func(fd int) (err error) {
		for _, q := range []struct {
			option int
			to     *int
		}{{unix.SO_DOMAIN, &n.domain}, {unix.SO_TYPE, &n.kind}, {unix.SO_PROTOCOL, &n.protocol}} {
			if *q.to, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, q.option); err != nil {
				return err
			}
		}
		if n.domain == unix.AF_INET6 {
			only, _ := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
			n.only6 = only != 0
		}
		if n.network, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE); err != nil {
			return err
		}
		n.cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		return err
	})
	return n, err == nil
}

// connects is whether listen(2) exists for the socket.
func (n nature) connects() bool { return n.kind == unix.SOCK_STREAM || n.kind == unix.SOCK_SEQPACKET }

// listens is whether listen(2) has been called already.
func listens(d *fdpass.Descriptor) bool {
	return d.Use(func(fd int) error {
		on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err == nil && on == 0 {
			return unix.EINVAL
		}
		return err
	}) == nil
}

// inodeOf is the number by which /proc/PID/fd names a socket.
func inodeOf(d *fdpass.Descriptor) (inode uint64) {
	_ = d.Use(func(fd int) error {
		var st unix.Stat_t
		err := unix.Fstat(fd, &st)
		inode = st.Ino
		return err
	})
	return inode
}

// boundAlike is whether both are bound to the same address.
func boundAlike(a, b *fdpass.Descriptor) bool {
	first, err := fdpass.AddressOf(a)
	second, failed := fdpass.AddressOf(b)
	return err == nil && failed == nil && first == second
}
