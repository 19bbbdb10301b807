//go:build linux || windows

package fdpass

import (
	"net"
	"strings"
)

// ownAddresses lists what could be meant instead, as far as it is short.
func ownAddresses() string {
	list := localAddresses()
	if len(list) == 0 {
		return ""
	}
	if len(list) > 8 {
		list = append(list[:8], "...")
	}
	return "; it has " + strings.Join(list, " ")
}

// localAddresses gives the addresses of this machine's interfaces.
func localAddresses() []string {
	addrs, _ := net.InterfaceAddrs()
	var list []string
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok {
			list = append(list, ip.IP.String())
		}
	}
	return list
}
