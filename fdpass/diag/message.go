package diag

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
)

// sock_diag(7): one request over netlink(7), answered by one message per socket.
//
//	us ──▶ kernel   nlmsghdr (16) + inet_diag_req (60) or inet_diag_req_v2 (56) [+ bytecode attribute]  |  unix_diag_req (24)
//	us ◀── kernel   nlmsghdr + inet_diag_msg (72)  |  nlmsghdr + unix_diag_msg (16) + attributes       ... repeated
//	us ◀── kernel   nlmsghdr NLMSG_DONE + errno (4)  |  nlmsghdr NLMSG_ERROR + errno (4)
//
// Numbers are in the machine's byte order, ports and addresses in the network's. Messages and attributes are padded to 4.
const (
	headerSize  = 16
	bothReqSize = 60
	inetReqSize = 56
	inetMsgSize = 72
	unixReqSize = 24
	unixMsgSize = 16

	typeError, typeDone            = 2, 3     // NLMSG_ERROR, NLMSG_DONE
	typeTCP, typeByFamily          = 18, 20   // TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY
	flagRequest, flagDump          = 1, 0x300 // NLM_F_REQUEST, NLM_F_DUMP
	familyUnix, familyV4, familyV6 = 1, 2, 10 // AF_UNIX, AF_INET, AF_INET6 of Linux
	protocolTCP                    = 6
	attrBytecode                   = 1 // INET_DIAG_REQ_BYTECODE
	showName, attrName             = 1, 0
)

// States, as bits: 1<<TCP_ESTABLISHED and so on (include/net/tcp_states.h).
const (
	established, synRecv, finWait1, finWait2 = 1 << 1, 1 << 3, 1 << 4, 1 << 5
	closeWait, lastAck, closing              = 1 << 8, 1 << 9, 1 << 11

	openStates      = established | finWait1 | finWait2 | closeWait | lastAck | closing
	handshakeStates = synRecv
)

// maxFilter is for how many ports the kernel is given a filter. With more it tells of all connections.
const maxFilter = 1024

var (
	errAnswer = errors.New("malformed sock_diag answer")
	order     = binary.NativeEndian
)

// socket is one that an inet_diag_msg tells of. Addresses are unmapped and without a zone.
type socket struct {
	local, remote netip.AddrPort
	inode         uint32 // 0: no process holds it
}

// header makes an nlmsghdr for a dump, with room for the request that follows.
func header(typ uint16, size int) []byte {
	b := make([]byte, headerSize, headerSize+size)
	order.PutUint32(b, uint32(headerSize+size))
	order.PutUint16(b[4:], typ)
	order.PutUint16(b[6:], flagRequest|flagDump)
	return b
}

// bothRequest asks for the TCP sockets of both families that are in one of the states, at one of the ports. It is older than
// inetRequest, which takes one family; for each the kernel walks through all connections of the machine.
func bothRequest(states uint32, ports []uint16) []byte {
	req := make([]byte, bothReqSize)
	order.PutUint32(req[52:], states)
	return filtered(typeTCP, req, ports)
}

// inetRequest asks for those of one family.
func inetRequest(family uint8, states uint32, ports []uint16) []byte {
	req := make([]byte, inetReqSize)
	req[0], req[1] = family, protocolTCP
	order.PutUint32(req[4:], states)
	return filtered(typeByFamily, req, ports)
}

func filtered(typ uint16, req []byte, ports []uint16) []byte {
	var filter []byte
	if len(ports) <= maxFilter {
		filter = portFilter(ports)
	}
	b := append(header(typ, len(req)+len(filter)), req...)
	return append(b, filter...)
}

// portFilter is a program for the kernel (inet_diag_bc_op: code, yes, no): jumps by yes or no bytes; the end accepts, one step beyond it
// refuses. For each port three operations of 4 bytes:
//
//	S_EQ, yes 8, no 12 │ the port, as "no" of a NOP │ JMP to the end
func portFilter(ports []uint16) []byte {
	const sourceEqual, jump, size = 11, 1, 12 // INET_DIAG_BC_S_EQ, INET_DIAG_BC_JMP
	b := make([]byte, 4, 4+size*len(ports))
	order.PutUint16(b, uint16(4+size*len(ports)))
	order.PutUint16(b[2:], attrBytecode)
	for i, p := range ports {
		end := size*(len(ports)-i) - 8
		no := size
		if i == len(ports)-1 {
			no += 4
		}
		b = order.AppendUint16(append(b, sourceEqual, 8), uint16(no))
		b = order.AppendUint16(append(b, 0, 0), p)
		b = order.AppendUint16(append(b, jump, 4), uint16(end))
	}
	return b
}

// unixRequest asks for all connected unix sockets, with their names.
func unixRequest() []byte {
	req := make([]byte, unixReqSize)
	req[0] = familyUnix
	order.PutUint32(req[4:], established)
	order.PutUint32(req[12:], showName)
	return append(header(typeByFamily, unixReqSize), req...)
}

// each calls f with the body of each message about a socket in a datagram. done says that the answer is complete.
func each(b []byte, f func(body []byte) error) (done bool, err error) {
	for len(b) > 0 {
		if len(b) < headerSize {
			return false, errAnswer
		}
		length := int(order.Uint32(b))
		if length < headerSize || length > len(b) {
			return false, errAnswer
		}
		body := b[headerSize:length]
		switch order.Uint16(b[4:]) {
		case typeDone:
			return true, result(body, true)
		case typeError:
			return true, result(body, false)
		case typeTCP, typeByFamily:
			if err := f(body); err != nil {
				return false, err
			}
		}
		b = b[min(align(length), len(b)):]
	}
	return false, nil
}

// result reads the errno at the end of an answer. Older kernels end a dump without one.
func result(body []byte, optional bool) error {
	if len(body) < 4 {
		if optional {
			return nil
		}
		return errAnswer
	}
	if code := int32(order.Uint32(body)); code < 0 {
		return syscall.Errno(-code)
	}
	return nil
}

// inetSocket reads: family state timer retrans, sport dport, src, dst, interface, cookie, expires, rqueue, wqueue, uid, inode.
func inetSocket(b []byte) (socket, error) {
	if len(b) < inetMsgSize || b[0] != familyV4 && b[0] != familyV6 {
		return socket{}, errAnswer
	}
	s := socket{inode: order.Uint32(b[68:])}
	s.local = netip.AddrPortFrom(address(b[0], b[8:24]), binary.BigEndian.Uint16(b[4:]))
	s.remote = netip.AddrPortFrom(address(b[0], b[24:40]), binary.BigEndian.Uint16(b[6:]))
	return s, nil
}

func address(family uint8, b []byte) netip.Addr {
	if family == familyV4 {
		return netip.AddrFrom4([4]byte(b))
	}
	return netip.AddrFrom16([16]byte(b)).Unmap()
}

// unixSocket reads: family type state pad, inode, cookie; then attributes, of which one is the name.
func unixSocket(b []byte) (inode uint32, name string, err error) {
	if len(b) < unixMsgSize || b[0] != familyUnix {
		return 0, "", errAnswer
	}
	inode = order.Uint32(b[4:])
	for b = b[unixMsgSize:]; len(b) > 0; {
		if len(b) < 4 {
			return 0, "", errAnswer
		}
		length := int(order.Uint16(b))
		if length < 4 || length > len(b) {
			return 0, "", errAnswer
		}
		if order.Uint16(b[2:]) == attrName {
			name = unixName(b[4:length])
		}
		b = b[min(align(length), len(b)):]
	}
	return inode, name, nil
}

// unixName: a NUL in front marks an abstract name, a path may end in one.
func unixName(b []byte) string {
	if len(b) > 0 && b[0] == 0 {
		return "@" + string(b[1:])
	}
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

func align(n int) int { return (n + 3) &^ 3 }
