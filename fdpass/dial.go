package fdpass

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// DialLocal connects by TCP to an address of this machine, from that same address. bound is told from where before the first packet is
// sent, so that by then it can be settled who gets the connection (package steer). The error is syscall.EADDRNOTAVAIL if the machine
// has no such address. The caller owns the connection.
func DialLocal(ctx context.Context, to netip.AddrPort, bound func(from netip.AddrPort) error) (*net.TCPConn, error) {
	ip := to.Addr().Unmap()
	dialer := net.Dialer{Control: boundFrom(ip, bound)}
	c, err := dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(ip, to.Port()).String())
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("internal error: %T is no TCP connection", c)
	}
	return tcp, nil
}
