package fdpass

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// sock_diag(7): one request over netlink, answered by one message per socket.
//
//	us ──▶ kernel   nlmsghdr (16) + inet_diag_req_v2 (56) | unix_diag_req (24)
//	us ◀── kernel   nlmsghdr (16) + inet_diag_msg (72) | unix_diag_msg (16), then attributes   ... repeated
//	us ◀── kernel   nlmsghdr NLMSG_DONE (dump)  |  nlmsghdr NLMSG_ERROR + errno (4)
//
// Numbers are in the machine's byte order, ports and addresses in the network's. Messages and attributes are padded to 4.
const (
	headerSize   = 16
	inetMsgSize  = 72
	unixMsgSize  = 16
	maxDiagReply = 1 << 16 // one datagram; the kernel makes dumps of at most 32 KiB
	maxDiagCount = 1 << 20 // sockets in one answer; beyond it something is wrong

	tcpListen = 10 // TCP_LISTEN; unix sockets use the same numbers

	showName, showVFS, showQueue, showUser = 1 << 0, 1 << 1, 1 << 4, 1 << 6 // UDIAG_SHOW_*
	attrName, attrVFS, attrQueue, attrUser = 0, 1, 4, 7                     // UNIX_DIAG_*
)

var order = binary.NativeEndian

// diagMessage is one socket in an answer.
type diagMessage struct {
	family, typ, state    uint8
	inode, uid            uint32 // uid is ^0 when not told
	port                  uint16
	addr                  [16]byte // the first 4 for IPv4
	name                  string   // of a unix socket, abstract ones with "@"
	vfsInode              uint32   // inode of its file, low 32 bits; 0 when it has none
	readQueue, writeQueue uint32
}

// errDiag marks an answer that does not have the form above.
var errDiag = errors.New("malformed sock_diag answer")

// parseDiag reads the messages of one datagram. done says that the answer is complete.
func parseDiag(b []byte) (list []diagMessage, done bool, err error) {
	for len(b) > 0 {
		if len(b) < headerSize {
			return list, false, errDiag
		}
		length := int(order.Uint32(b))
		if length < headerSize || length > len(b) {
			return list, false, errDiag
		}
		body, typ := b[headerSize:length], order.Uint16(b[4:])
		switch typ {
		case unix.NLMSG_DONE:
			return list, true, nil
		case unix.NLMSG_ERROR:
			return list, true, parseDiagError(body)
		case unix.SOCK_DIAG_BY_FAMILY:
			m, err := parseDiagMessage(body)
			if err != nil {
				return list, false, err
			}
			list = append(list, m)
		}
		b = b[min(align(length), len(b)):]
	}
	return list, false, nil
}

func align(n int) int { return (n + 3) &^ 3 }

func parseDiagError(body []byte) error {
	if len(body) < 4 {
		return errDiag
	}
	if code := int32(order.Uint32(body)); code < 0 {
		return syscall.Errno(-code)
	}
	return nil
}

func parseDiagMessage(body []byte) (diagMessage, error) {
	switch {
	case len(body) >= unixMsgSize && body[0] == unix.AF_UNIX:
		return parseUnixDiag(body)
	case len(body) >= inetMsgSize && (body[0] == unix.AF_INET || body[0] == unix.AF_INET6):
		return parseInetDiag(body), nil
	}
	return diagMessage{}, errDiag
}

// parseInetDiag: family state timer retrans, sport dport, src, dst, interface, cookie, expires, rqueue, wqueue, uid, inode.
func parseInetDiag(b []byte) diagMessage {
	m := diagMessage{family: b[0], state: b[1], port: binary.BigEndian.Uint16(b[4:])}
	copy(m.addr[:], b[8:24])
	m.readQueue, m.writeQueue = order.Uint32(b[56:]), order.Uint32(b[60:])
	m.uid, m.inode = order.Uint32(b[64:]), order.Uint32(b[68:])
	return m
}

// parseUnixDiag: family type state pad, inode, cookie; then the attributes.
func parseUnixDiag(b []byte) (diagMessage, error) {
	m := diagMessage{family: b[0], typ: b[1], state: b[2], inode: order.Uint32(b[4:]), uid: ^uint32(0)}
	for b = b[unixMsgSize:]; len(b) > 0; {
		if len(b) < 4 {
			return m, errDiag
		}
		length := int(order.Uint16(b))
		if length < 4 || length > len(b) {
			return m, errDiag
		}
		m.attribute(order.Uint16(b[2:]), b[4:length])
		b = b[min(align(length), len(b)):]
	}
	return m, nil
}

func (m *diagMessage) attribute(typ uint16, value []byte) {
	switch {
	case typ == attrName && len(value) > 0:
		m.name = unixName(value)
	case typ == attrVFS && len(value) >= 8:
		m.vfsInode = order.Uint32(value)
	case typ == attrQueue && len(value) >= 8:
		m.readQueue, m.writeQueue = order.Uint32(value), order.Uint32(value[4:])
	case typ == attrUser && len(value) >= 4:
		m.uid = order.Uint32(value)
	}
}

// unixName: a leading NUL marks an abstract name, a path may end in one.
func unixName(b []byte) string {
	if b[0] == 0 {
		return "@" + string(b[1:])
	}
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// unixSocket asks for the one unix socket with the inode that fstat(2) gives for its descriptor.
func unixSocket(inode uint32) (diagMessage, error) {
	list, err := diag(unixRequest(inode, showName|showVFS|showQueue), 0)
	if err != nil {
		return diagMessage{}, err
	}
	if len(list) != 1 {
		return diagMessage{}, fmt.Errorf("sock_diag gave %d sockets in place of one", len(list))
	}
	return list[0], nil
}

// unixRequest makes a unix_diag_req. Inode 0 is for a dump of all.
func unixRequest(inode, show uint32) []byte {
	b := make([]byte, 24)
	b[0] = unix.AF_UNIX
	order.PutUint32(b[4:], ^uint32(0)) // every state
	order.PutUint32(b[8:], inode)
	order.PutUint32(b[12:], show)
	order.PutUint64(b[16:], ^uint64(0)) // no cookie
	return b
}

// inetRequest makes an inet_diag_req_v2 for a dump of every state, also the newer "bound but not connected" one.
func inetRequest(family, protocol uint8, port uint16) []byte {
	b := make([]byte, 56)
	b[0], b[1] = family, protocol
	order.PutUint32(b[4:], ^uint32(0))
	binary.BigEndian.PutUint16(b[8:], port)
	order.PutUint64(b[48:], ^uint64(0))
	return b
}

// diag sends one request and collects the answer. flags is NLM_F_DUMP for a list or 0 for one socket.
func diag(request []byte, flags uint16) ([]diagMessage, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b := make([]byte, headerSize, headerSize+len(request))
	order.PutUint32(b, uint32(headerSize+len(request)))
	order.PutUint16(b[4:], unix.SOCK_DIAG_BY_FAMILY)
	order.PutUint16(b[6:], unix.NLM_F_REQUEST|flags)
	if err := unix.Sendto(fd, append(b, request...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	return collect(fd, flags&unix.NLM_F_DUMP != 0)
}

func collect(fd int, dump bool) ([]diagMessage, error) {
	var list []diagMessage
	buf := make([]byte, maxDiagReply)
	for len(list) < maxDiagCount {
		n, from, err := recvKernel(fd, buf)
		if errors.Is(err, unix.EINTR) || err == nil && !from {
			continue
		}
		if err != nil {
			return nil, err
		}
		more, done, err := parseDiag(buf[:n])
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
		if done || !dump && len(list) > 0 {
			return list, nil
		}
	}
	return nil, errDiag
}

// recvKernel says whether the datagram is the kernel's; other processes can send to a netlink socket too.
func recvKernel(fd int, buf []byte) (n int, kernel bool, err error) {
	n, sa, err := unix.Recvfrom(fd, buf, 0)
	from, ok := sa.(*unix.SockaddrNetlink)
	return n, ok && from.Pid == 0, err
}
