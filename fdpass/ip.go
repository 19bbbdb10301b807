package fdpass

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// ipKinds gives what to try for an IP address, best first; the numbers of families are each system's own.
func ipKinds(spec Spec, typ, proto int) ([]kind, error) {
	four, six := kind{syscall.AF_INET, typ, proto}, kind{syscall.AF_INET6, typ, proto}
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

// hostOf is the way back: an IPv6 address in words, with the name of the interface, or its number where there is none.
func hostOf(addr [16]byte, zone uint32) string {
	ip := netip.AddrFrom16(addr)
	if zone == 0 {
		return ip.String()
	}
	name := strconv.FormatUint(uint64(zone), 10)
	if dev, err := net.InterfaceByIndex(int(zone)); err == nil {
		name = dev.Name
	}
	return ip.WithZone(name).String()
}

func isTrue(b *bool) bool { return b != nil && *b }
