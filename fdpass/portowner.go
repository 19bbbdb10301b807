package fdpass

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// portOwner is one row of Windows' tables of sockets: who listens where.
type portOwner struct {
	ip   netip.Addr
	port uint32
	pid  uint32
}

// rowLayout says where a row of MIB_TCPTABLE_OWNER_PID, MIB_TCP6TABLE_OWNER_PID and their UDP twins has what, in bytes.
type rowLayout struct{ size, ip, ipSize, port, pid int }

func ownerLayout(udp, six bool) rowLayout {
	switch {
	case udp && six:
		return rowLayout{size: 28, ip: 0, ipSize: 16, port: 20, pid: 24}
	case udp:
		return rowLayout{size: 12, ip: 0, ipSize: 4, port: 4, pid: 8}
	case six:
		return rowLayout{size: 56, ip: 0, ipSize: 16, port: 20, pid: 52}
	}
	return rowLayout{size: 24, ip: 4, ipSize: 4, port: 8, pid: 20}
}

// parseOwners reads a table: the number of rows, then the rows. Numbers are little endian, a port is in network order in the first two
// of its four bytes.
func parseOwners(table []byte, at rowLayout) ([]portOwner, error) {
	if len(table) < 4 {
		return nil, errors.New("the table of sockets is cut off")
	}
	count, rows := binary.LittleEndian.Uint32(table), table[4:]
	if uint64(count)*uint64(at.size) > uint64(len(rows)) {
		return nil, fmt.Errorf("the table of sockets is cut off: %d rows in %d bytes", count, len(rows))
	}
	list := make([]portOwner, 0, count)
	for ; count > 0; count-- {
		ip, _ := netip.AddrFromSlice(rows[at.ip : at.ip+at.ipSize])
		list = append(list, portOwner{
			ip:   ip.Unmap(),
			port: uint32(binary.BigEndian.Uint16(rows[at.port:])),
			pid:  binary.LittleEndian.Uint32(rows[at.pid:]),
		})
		rows = rows[at.size:]
	}
	return list, nil
}

// inTheWay says whether the socket keeps a from being bound: the same address, or a wildcard on one side. Whether an IPv6 wildcard takes
// IPv4 too the table does not tell; then we name one too many.
func (o portOwner) inTheWay(a Address) bool {
	ip, err := a.ip()
	if err != nil || o.port != a.Port {
		return false
	}
	if ip.Is4() == o.ip.Is4() {
		return ip.WithZone("") == o.ip || ip.IsUnspecified() || o.ip.IsUnspecified()
	}
	ours := ip.IsUnspecified() && ip.Is6() && !strings.HasSuffix(a.Network, "6")
	return ours || o.ip.IsUnspecified() && o.ip.Is6()
}
