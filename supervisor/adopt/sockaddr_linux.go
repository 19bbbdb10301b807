package adopt

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// What the kernel takes for the length of an address: a family at least, struct sockaddr_storage at most.
const (
	minSockaddr = 2
	maxSockaddr = 128
)

// sockaddr is what bind(2) was called with.
type sockaddr struct {
	family int
	ip     netip.AddrPort // of AF_INET and AF_INET6
	path   string         // of AF_UNIX; "@name" is an abstract one
}

// parseSockaddr reads the bytes. ok is false for what cannot be a listener's: other families, port 0, a unix socket without name, and
// what the kernel will refuse.
func parseSockaddr(b []byte) (a sockaddr, ok bool) {
	if len(b) < minSockaddr || len(b) > maxSockaddr {
		return a, false
	}
	a.family = int(binary.NativeEndian.Uint16(b))
	switch {
	case a.family == unix.AF_INET && len(b) >= unix.SizeofSockaddrInet4:
		a.ip = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:]))
	case a.family == unix.AF_INET6 && len(b) >= unix.SizeofSockaddrInet6-4: // the scope may be missing
		a.ip = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), binary.BigEndian.Uint16(b[2:]))
	case a.family == unix.AF_UNIX:
		a.path = unixPath(b[2:])
	}
	return a, a.ip.Port() != 0 || a.path != ""
}

// unixPath: a name ends at its first NUL or with the address, an abstract one begins with NUL and has any bytes (unix(7)).
func unixPath(b []byte) string {
	if len(b) == 0 || len(b) > unix.SizeofSockaddrUnix-2 {
		return ""
	}
	if b[0] == 0 && len(b) > 1 {
		return "@" + string(b[1:])
	}
	name, _, _ := bytes.Cut(b, []byte{0})
	return string(name)
}
