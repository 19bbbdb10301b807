//go:build unix

package fdpass

import (
	"net/netip"

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
		return Address{Network: network, Host: hostOf(sa.Addr, sa.ZoneId), Port: uint32(sa.Port)}
	case *unix.SockaddrUnix:
		return Address{Network: network, Path: sa.Name}
	}
	return fromSystemSockaddr(sa, network)
}
