package fdpass

import (
	"net"
	"strconv"
	"strings"
)

// Address is where a socket listens.
//
// Network is one of tcp tcp4 tcp6 udp udp4 udp6 unix unixgram unixpacket vsock fifo. Host is an IP literal (IPv6 may
// carry a zone) or "" for every address of the machine; for vsock it is the context id in decimal or "" for any. Port 0
// lets the kernel choose. Path is the file of a unix socket or a fifo; "@name" is a name in Linux's abstract namespace.
type Address struct {
	Network string `json:"network"`
	Host    string `json:"host,omitempty"`
	Port    uint32 `json:"port,omitempty"`
	Path    string `json:"path,omitempty"`
}

// String gives the address as it is written in a configuration: "tcp://[::]:8080", "unix:///run/app.sock".
func (a Address) String() string {
	if a.isUnix() || a.Network == "fifo" {
		return a.Network + "://" + a.Path
	}
	host := a.Host
	if host == "" && a.isIP() {
		host = a.wildcard()
	}
	return a.Network + "://" + net.JoinHostPort(host, strconv.FormatUint(uint64(a.Port), 10))
}

// wildcard is the host that stands for every address: tcp:// and udp:// are dual stack and so have the IPv6 one.
func (a Address) wildcard() string {
	if strings.HasSuffix(a.Network, "4") {
		return "0.0.0.0"
	}
	return "::"
}

func (a Address) isTCP() bool      { return strings.HasPrefix(a.Network, "tcp") }
func (a Address) isUDP() bool      { return strings.HasPrefix(a.Network, "udp") }
func (a Address) isIP() bool       { return a.isTCP() || a.isUDP() }
func (a Address) isUnix() bool     { return strings.HasPrefix(a.Network, "unix") }
func (a Address) isAbstract() bool { return a.isUnix() && strings.HasPrefix(a.Path, "@") }

// hasFile says whether binding the address makes something in the file system.
func (a Address) hasFile() bool {
	return a.Network == "fifo" || a.isUnix() && !a.isAbstract()
}

// listens says whether listen(2) exists for this kind: datagram sockets and fifos have no queue of connections.
func (a Address) listens() bool {
	return a.isTCP() || a.Network == "unix" || a.Network == "unixpacket" || a.Network == "vsock"
}
