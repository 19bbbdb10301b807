//go:build unix

package fdpass

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kinds gives what to try for an address, best first. A wildcard of tcp:// or udp:// is dual stack, one IPv6 socket that
// takes IPv4 too, and becomes IPv4 alone where the kernel has no IPv6.
func kinds(spec Spec) ([]kind, error) {
	a := spec.Address
	switch a.Network {
	case "tcp", "tcp4", "tcp6":
		return ipKinds(spec, unix.SOCK_STREAM, streamProtocol(spec.Options))
	case "udp", "udp4", "udp6":
		return ipKinds(spec, unix.SOCK_DGRAM, 0)
	case "unix":
		return []kind{{unix.AF_UNIX, unix.SOCK_STREAM, 0}}, nil
	case "unixgram":
		return []kind{{unix.AF_UNIX, unix.SOCK_DGRAM, 0}}, nil
	case "unixpacket":
		return []kind{{unix.AF_UNIX, unix.SOCK_SEQPACKET, 0}}, nil
	}
	return systemKinds(a)
}

func ipKinds(spec Spec, typ, proto int) ([]kind, error) {
	four, six := kind{unix.AF_INET, typ, proto}, kind{unix.AF_INET6, typ, proto}
	ip, err := spec.Address.ip()
	switch {
	case err != nil:
		return nil, err
	case ip.Is4():
		return []kind{four}, nil
	case ip.IsUnspecified() && !strings.HasSuffix(spec.Address.Network, "6") && !isTrue(spec.Options.IPv6Only):
		return []kind{six, four}, nil
	}
	return []kind{six}, nil
}

// ip parses Host; a missing one is the wildcard.
func (a Address) ip() (netip.Addr, error) {
	host := a.Host
	if host == "" {
		host = a.wildcard()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ip, fmt.Errorf("%q is not an IP address", host)
	}
	ip = ip.Unmap()
	if a.Port > 65535 {
		return ip, fmt.Errorf("port %d is above 65535", a.Port)
	}
	if ip.Is4() && strings.HasSuffix(a.Network, "6") {
		return ip, fmt.Errorf("%s is an IPv4 address, %s takes IPv6", host, a.Network)
	}
	if ip.Is6() && strings.HasSuffix(a.Network, "4") {
		return ip, fmt.Errorf("%s is an IPv6 address, %s takes IPv4", host, a.Network)
	}
	return ip, nil
}

// sockaddr gives what bind(2) takes for a socket of the domain.
func (a Address) sockaddr(domain int) (unix.Sockaddr, error) {
	switch domain {
	case unix.AF_UNIX:
		return &unix.SockaddrUnix{Name: a.Path}, nil
	case unix.AF_INET, unix.AF_INET6:
		return a.ipSockaddr(domain)
	}
	return a.systemSockaddr()
}

func (a Address) ipSockaddr(domain int) (unix.Sockaddr, error) {
	ip, err := a.ip()
	if err != nil {
		return nil, err
	}
	if domain == unix.AF_INET6 {
		zone, err := zoneID(ip.Zone())
		return &unix.SockaddrInet6{Port: int(a.Port), ZoneId: zone, Addr: ip.As16()}, err
	}
	if ip.Is6() { // the wildcard on a kernel without IPv6
		ip = netip.IPv4Unspecified()
	}
	return &unix.SockaddrInet4{Port: int(a.Port), Addr: ip.As4()}, nil
}

// zoneID gives the number of the interface that a link-local address belongs to.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	dev, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %q", zone)
	}
	return uint32(dev.Index), nil
}

// addressOf reads getsockname(2) in the words of network.
func addressOf(fd int, network string) (Address, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Address{}, err
	}
	return fromSockaddr(sa, network), nil
}

func fromSockaddr(sa unix.Sockaddr, network string) Address {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return Address{Network: network, Host: netip.AddrFrom4(sa.Addr).String(), Port: uint32(sa.Port)}
	case *unix.SockaddrInet6:
		return Address{Network: network, Host: hostOf(sa), Port: uint32(sa.Port)}
	case *unix.SockaddrUnix:
		return Address{Network: network, Path: sa.Name}
	}
	return fromSystemSockaddr(sa, network)
}

func hostOf(sa *unix.SockaddrInet6) string {
	ip := netip.AddrFrom16(sa.Addr)
	if sa.ZoneId == 0 {
		return ip.String()
	}
	zone := strconv.FormatUint(uint64(sa.ZoneId), 10)
	if dev, err := net.InterfaceByIndex(int(sa.ZoneId)); err == nil {
		zone = dev.Name
	}
	return ip.WithZone(zone).String()
}

func isTrue(b *bool) bool { return b != nil && *b }
