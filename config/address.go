package config

import (
	"net"
	"strconv"
	"strings"
)

// Address is where a listener listens. It can be compared with ==.
type Address struct {
	// Network is tcp, tcp4, tcp6, udp, udp4, udp6, unix, unixgram, unixpacket, vsock, fifo or pipe. Nothing but control has a pipe.
	Network string
	// Host is an IP literal, with a zone for a link-local one, or "" for the wildcard; of vsock the CID in decimal or "" for any.
	// tcp:// and udp:// with "" are dual stack.
	Host string
	// Port 0 lets the kernel choose.
	Port uint32
	// Path is the file of unix and fifo; "@name" is a name in Linux's abstract namespace, unix(7). Of pipe it is what follows \\.\pipe\.
	Path string
}

// Limits of the kernel: unix(7), pathconf(3).
const (
	maxSocketPath   = 107 // sun_path has 108 bytes, one of them ends the text
	maxAbstractName = 107 // the first of the 108 bytes marks the namespace
	maxPath         = 4095
	maxVsockPort    = 1<<32 - 2 // the last one is VMADDR_PORT_ANY
	anyCID          = 1<<32 - 1 // VMADDR_CID_ANY
	maxPipeName     = 247       // CreateNamedPipe: 256 characters with the \\.\pipe\ before it
)

// networks in the order in which errors list them.
var networks = []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket", "vsock", "fifo", "pipe"}

// String gives the URL form back: "tcp://[::]:8080", "unix:///run/app.sock", "vsock://:5000".
func (a Address) String() string {
	if a.isPath() {
		return a.Network + "://" + a.Path
	}
	host := a.Host
	if host == "" && a.isInet() {
		host = a.wildcard()
	}
	return a.Network + "://" + net.JoinHostPort(host, strconv.FormatUint(uint64(a.Port), 10))
}

// wildcard is the literal for every address; [::] stands for both families in tcp:// and udp://.
func (a Address) wildcard() string {
	if strings.HasSuffix(a.Network, "4") {
		return "0.0.0.0"
	}
	return "::"
}

// scheme is the beginning of the URL form, by which the table of systems knows it.
func (a Address) scheme() string {
	if a.isAbstract() {
		return a.Network + "://@"
	}
	return a.Network + "://"
}

func (a Address) isTCP() bool  { return strings.HasPrefix(a.Network, "tcp") }
func (a Address) isUDP() bool  { return strings.HasPrefix(a.Network, "udp") }
func (a Address) isInet() bool { return a.isTCP() || a.isUDP() }
func (a Address) isUnix() bool { return strings.HasPrefix(a.Network, "unix") }
func (a Address) isFIFO() bool { return a.Network == "fifo" }
func (a Address) isPipe() bool { return a.Network == "pipe" }
func (a Address) isPath() bool { return a.isUnix() || a.isFIFO() || a.isPipe() }

func (a Address) isAbstract() bool { return a.isUnix() && strings.HasPrefix(a.Path, "@") }
func (a Address) hasFile() bool    { return a.isFIFO() || a.isUnix() && !a.isAbstract() }

// hasBacklog says whether listen(2) works: other types of socket answer EOPNOTSUPP, and a FIFO is no socket.
func (a Address) hasBacklog() bool {
	return !a.isUDP() && !a.isFIFO() && !a.isPipe() && a.Network != "unixgram"
}

// isIPv4 says whether the address is one of IPv4 only.
func (a Address) isIPv4() bool {
	return a.isInet() && (strings.HasSuffix(a.Network, "4") || strings.Contains(a.Host, ".") && !strings.Contains(a.Host, ":"))
}

// hostOrWildcard is the host as ${listener.NAME.host} gives it: a literal to bind or print, of vsock "" for any.
func (a Address) hostOrWildcard() string {
	if a.Host == "" && a.isInet() {
		return a.wildcard()
	}
	return a.Host
}
