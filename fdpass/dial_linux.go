package fdpass

import (
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// boundFrom gives a net.Dialer.Control that binds to a port of the kernel's choice. net.Dialer would bind, too, but tell nobody before it
// connects.
func boundFrom(ip netip.Addr, bound func(netip.AddrPort) error) func(string, string, syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var from netip.AddrPort
		var failed error
		if err := raw.Control(func(fd uintptr) { from, failed = bindAny(int(fd), ip) }); err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
		return bound(from)
	}
}

func bindAny(fd int, ip netip.Addr) (netip.AddrPort, error) {
	domain := unix.AF_INET
	if ip.Is6() {
		domain = unix.AF_INET6
	}
	sa, err := Address{Network: "tcp", Host: ip.String()}.sockaddr(domain)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if err := unix.Bind(fd, sa); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("bind", err)
	}
	a, err := addressOf(fd, "tcp")
	return netip.AddrPortFrom(ip, uint16(a.Port)), err
}
