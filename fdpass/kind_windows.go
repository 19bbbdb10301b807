package fdpass

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// kindOf asks for the protocol's description, because Winsock has no option for the family alone (SO_PROTOCOL_INFO).
func kindOf(h windows.Handle) (kind, error) {
	var info windows.WSAProtocolInfo
	size := int32(unsafe.Sizeof(info))
	err := windows.Getsockopt(h, windows.SOL_SOCKET, soProtocolInfo, (*byte)(unsafe.Pointer(&info)), &size)
	return kind{int(info.AddressFamily), int(info.SocketType), int(info.Protocol)}, err
}

// String gives "an IPv6 stream socket".
func (k kind) String() string {
	family := map[int]string{windows.AF_INET: "an IPv4", windows.AF_INET6: "an IPv6", windows.AF_UNIX: "a unix"}[k.domain]
	if family == "" {
		family = fmt.Sprintf("a family %d", k.domain)
	}
	typ := map[int]string{windows.SOCK_STREAM: "stream", windows.SOCK_DGRAM: "datagram"}[k.typ]
	if typ == "" {
		typ = fmt.Sprintf("type %d", k.typ)
	}
	return family + " " + typ + " socket"
}
