package steer

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

func detect() Support {
	s := Support{Extended: try(Extended), Classic: try(Classic)}
	switch {
	case s.Extended == nil, migrateRequests():
	default:
		s.Migrate = errors.New("needs eBPF, or net.ipv4.tcp_migrate_req = 1")
	}
	return s
}

// try lets two sockets on loopback listen, steers to the second and then to the first, and connects each time.
func try(kind Kind) error {
	var members []Member
	defer func() {
		for _, m := range members {
			_ = m.Descriptor.Close()
		}
	}()
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	for _, key := range []string{"first", "second"} {
		d, real, err := tryListen(at)
		if err != nil {
			return err
		}
		at, members = real, append(members, Member{key, d})
	}
	g, err := Open(kind, members)
	if err != nil {
		return err
	}
	defer g.Close()
	for _, m := range []Member{members[1], members[0]} {
		if err := tryOne(g, m, at); err != nil {
			return err
		}
	}
	return nil
}

func tryListen(at netip.AddrPort) (*fdpass.Descriptor, netip.AddrPort, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, at, os.NewSyscallError("socket", err)
	}
	d := fdpass.NewDescriptor(fd)
	real, err := bindListen(fd, at)
	if err != nil {
		_ = d.Close()
	}
	return d, real, err
}

func bindListen(fd int, at netip.AddrPort) (netip.AddrPort, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return at, os.NewSyscallError("setsockopt SO_REUSEPORT", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return at, os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		return at, os.NewSyscallError("listen", err)
	}
	name, err := unix.Getsockname(fd)
	if v4, ok := name.(*unix.SockaddrInet4); ok {
		at = netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port))
	}
	return at, os.NewSyscallError("getsockname", err)
}

// tryOne sees a connection arrive at the member that is chosen. On loopback it is in the queue when connect(2) returns.
func tryOne(g *Group, m Member, at netip.AddrPort) error {
	if err := g.Steer(Choice{Current: []string{m.Key}}); err != nil {
		return err
	}
	if g.Kind() != g.kind {
		return fmt.Errorf("what was attached is %s", g.Kind())
	}
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(client)
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return os.NewSyscallError("connect", err)
	}
	return m.Descriptor.Use(func(fd int) error {
		conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			return fmt.Errorf("a connection went elsewhere: %w", err)
		}
		return unix.Close(conn)
	})
}
