package drill

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// sources is how many addresses the clients use against an IPv4 loopback target: 127.0.0.2 to 127.0.0.250.
const sources = 249

// from makes d connect from an address of its own, if the target allows that: all of 127/8 is local.
func from(d *net.Dialer, t Target, attempt uint64) {
	if t.Network == "unix" {
		return
	}
	to, err := netip.ParseAddrPort(t.Address)
	if err != nil || !to.Addr().Unmap().Is4() || !to.Addr().Unmap().IsLoopback() {
		return
	}
	d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+attempt%sources))}
	d.Control = bindAddressNoPort
}

// bindAddressNoPort leaves the port to connect(2), which looks for one that is free towards this destination; bind(2) would want
// one that is free towards all.
func bindAddressNoPort(_, _ string, c syscall.RawConn) error {
	var inner error
	err := c.Control(func(fd uintptr) {
		inner = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	if err != nil {
		return err
	}
	return inner
}
