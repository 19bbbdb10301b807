package drill

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Target is a place to connect to, as net.Dial wants it.
type Target struct{ Network, Address string }

// String gives the URL form.
func (t Target) String() string { return t.Network + "://" + t.Address }

// Dialable turns the address of a listener, as status shows it, into a target on this machine: a wildcard becomes the loopback
// address of the family. "tcp://[::]" is dual stack and is reached as 127.0.0.1, where clients have more ports; for a
// listener with ipv6_only pass "tcp6://". Listeners that are no streams, or that Go cannot dial, are refused.
func Dialable(listenerAddress string) (Target, error) {
	network, address, ok := strings.Cut(listenerAddress, "://")
	if !ok {
		return Target{}, refuse(listenerAddress, `it is not "network://address"`)
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
		return dialableTCP(network, address, listenerAddress)
	case "unix":
		if address == "" {
			return Target{}, refuse(listenerAddress, "the path is empty")
		}
		return Target{network, address}, nil
	case "udp", "udp4", "udp6", "unixgram", "fifo":
		return Target{}, refuse(listenerAddress, "a drill needs a stream listener (tcp or unix), it counts connections")
	case "unixpacket", "vsock":
		return Target{}, refuse(listenerAddress, network+" is not supported by drill yet (tcp and unix are)")
	}
	return Target{}, refuse(listenerAddress, fmt.Sprintf("unknown network %q", network))
}

func refuse(address, cause string) error {
	return fmt.Errorf("cannot drill listener %q: %s", address, cause)
}

func dialableTCP(network, address, whole string) (Target, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return Target{}, refuse(whole, `the address is not "HOST:PORT"`)
	}
	if port == "" || port == "0" {
		return Target{}, refuse(whole, "the port is not known (use the address that status shows)")
	}
	if host == "" {
		host = "::"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return Target{}, refuse(whole, "the host is not an IP address")
	}
	if ip.IsUnspecified() {
		ip = loopback(network, ip)
	}
	return Target{network, net.JoinHostPort(ip.String(), port)}, nil
}

func loopback(network string, wildcard netip.Addr) netip.Addr {
	if network == "tcp6" && !wildcard.Is4() {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
