package supervisor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// prober has connections from an address and port reach the worker's own socket of a listener, until end is called.
type prober func(listener string, from netip.AddrPort) (end func(), err error)

// dial connects for a check by HTTP. At a listener of which every generation or worker has a socket of its own the connection reaches
// this worker's, whoever is current.
func (c *child) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || !c.listensAt(uint32(port)) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var first error
	for _, ip := range ips {
		conn, err := c.dialIP(ctx, netip.AddrPortFrom(reached(ip.Unmap()), uint16(port)))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// reached is what the kernel takes the wildcard for in connect(2).
func reached(ip netip.Addr) netip.Addr {
	switch ip {
	case netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return ip
}

// listensAt is whether a listener of the worker has that port.
func (c *child) listensAt(port uint32) bool {
	return slices.ContainsFunc(c.spec.leases, func(l *registry.Lease) bool {
		a := l.Address()
		return a.Port == port && strings.HasPrefix(a.Network, "tcp")
	})
}

// errHeld says that nobody gets through to a listener, so that no check can tell how a worker does.
var errHeld = errors.New("the listener is held (supervise release ends that)")

func (c *child) dialIP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	lease := c.listenerAt(to)
	switch {
	case lease != nil && lease.Socket().Paused():
		return nil, errHeld
	case lease == nil || lease.Sharing() == "all":
		return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	}
	end := func() {}
	conn, err := fdpass.DialLocal(ctx, to, func(from netip.AddrPort) error {
		end() // of an attempt that found itself at the other end
		until, err := c.spec.probe(lease.Name(), from)
		if err == nil {
			end = until
		}
		return err
	})
	switch {
	case err == nil:
		return &parting{TCPConn: conn, end: sync.OnceFunc(end)}, nil
	case errors.Is(err, registry.ErrNotSteered), errors.Is(err, syscall.EADDRNOTAVAIL): // meanwhile, or it is another machine's address
		end()
		return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	}
	end()
	return nil, err
}

// listenerAt is the listener of the worker's to which the kernel would give a connection: that with the very address before one with the
// wildcard; nil if there is none.
func (c *child) listenerAt(to netip.AddrPort) (lease *registry.Lease) {
	best := 0
	for _, l := range c.spec.leases {
		only := false
		if cfg := c.spec.all.Listener(l.Name()); cfg != nil && cfg.Options.IPv6Only != nil {
			only = *cfg.Options.IPv6Only
		}
		if n := fits(l.Address(), only, to); n > best {
			best, lease = n, l
		}
	}
	return lease
}

// fits says how well a listener's address fits the one that is connected to: 0 not at all, 1 as a wildcard, 2 as that very address.
func fits(a fdpass.Address, ipv6Only bool, to netip.AddrPort) int {
	ip := to.Addr()
	four, six := a.Network == "tcp" || a.Network == "tcp4", a.Network == "tcp" || a.Network == "tcp6"
	if a.Port != uint32(to.Port()) || ip.Is4() && !four || ip.Is6() && !six {
		return 0
	}
	host, err := netip.ParseAddr(a.Host)
	switch {
	case a.Host != "" && err != nil:
		return 0
	case a.Host != "" && !host.IsUnspecified():
		if host.Unmap() == ip {
			return 2
		}
		return 0
	case ip.Is4() && ipv6Only, ip.Is6() && host.Is4():
		return 0
	}
	return 1
}

// parting is a connection of a check that leaves nothing behind it, neither its steering nor TIME_WAIT, which would keep the port for a
// minute: where the server does not close first, as Connection: close asks of it, it is reset.
type parting struct {
	*net.TCPConn
	end func()
}

// lastLook is how long a server has to close first.
const lastLook = 100 * time.Millisecond

func (p *parting) Close() error {
	defer p.end()
	_ = p.SetReadDeadline(time.Now().Add(lastLook))
	if _, err := io.CopyN(io.Discard, p.TCPConn, maxBody); err != io.EOF {
		_ = p.SetLinger(0)
	}
	return p.TCPConn.Close()
}
