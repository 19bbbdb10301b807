package fdpass

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/windows"
)

// kinds gives what to try for an address, best first; see ipKinds.
func kinds(spec Spec) ([]kind, error) {
	switch a := spec.Address; {
	case a.isTCP():
		return ipKinds(spec, windows.SOCK_STREAM, windows.IPPROTO_TCP)
	case a.isUDP():
		return ipKinds(spec, windows.SOCK_DGRAM, windows.IPPROTO_UDP)
	default:
		return nil, fmt.Errorf("%s listeners are not supported on windows (use a tcp:// or udp:// address)", a.Network)
	}
}

// sockaddr gives what bind() takes for a socket of the domain.
func (a Address) sockaddr(domain int) (windows.Sockaddr, error) {
	ip, err := a.ip()
	if err != nil {
		return nil, err
	}
	if domain == windows.AF_INET6 {
		zone, err := zoneID(ip.Zone())
		return &windows.SockaddrInet6{Port: int(a.Port), ZoneId: zone, Addr: ip.As16()}, err
	}
	if ip.Is6() { // the wildcard on a system without IPv6
		ip = netip.IPv4Unspecified()
	}
	return &windows.SockaddrInet4{Port: int(a.Port), Addr: ip.As4()}, nil
}

// addressOf reads getsockname() in the words of network.
func addressOf(h windows.Handle, network string) (Address, error) {
	sa, err := windows.Getsockname(h)
	if err != nil {
		return Address{}, err
	}
	return fromSockaddr(sa, network), nil
}

func fromSockaddr(sa windows.Sockaddr, network string) Address {
	switch sa := sa.(type) {
	case *windows.SockaddrInet4:
		return Address{Network: network, Host: netip.AddrFrom4(sa.Addr).String(), Port: uint32(sa.Port)}
	case *windows.SockaddrInet6:
		return Address{Network: network, Host: hostOf(sa.Addr, sa.ZoneId), Port: uint32(sa.Port)}
	}
	return Address{Network: network}
}

// describe gives the address in the words of the socket's own family.
func describe(fd int) (Address, error) {
	h := windows.Handle(fd)
	k, err := kindOf(h)
	if err != nil {
		return Address{}, fmt.Errorf("it is not a socket: %w", err)
	}
	network := map[int]string{windows.SOCK_STREAM: "tcp", windows.SOCK_DGRAM: "udp"}[k.typ]
	a, err := addressOf(h, network)
	if err != nil {
		return Address{}, err
	}
	if k.domain == windows.AF_INET {
		a.Network += "4"
		return a, nil
	}
	only, err := windows.GetsockoptInt(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY)
	if err != nil || only != 0 || a.Host != "::" {
		a.Network += "6"
	}
	return a, nil
}
