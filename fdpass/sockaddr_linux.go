package fdpass

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pipeCloexec makes a pipe that no child inherits.
func pipeCloexec() (ends [2]int, err error) {
	err = unix.Pipe2(ends[:], unix.O_CLOEXEC)
	return ends, err
}

func streamProtocol(o Options) int {
	if o.Multipath {
		return unix.IPPROTO_MPTCP
	}
	return 0
}

// systemKinds gives the kinds that only Linux has.
func systemKinds(a Address) ([]kind, error) {
	if a.Network == "vsock" {
		return []kind{{unix.AF_VSOCK, unix.SOCK_STREAM, 0}}, nil
	}
	return nil, fmt.Errorf("there is no network %q", a.Network)
}

// systemSockaddr is the address of a vsock(7): a context id (a virtual machine) and a port.
func (a Address) systemSockaddr() (unix.Sockaddr, error) {
	sa := &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: a.Port}
	if a.Port == 0 {
		sa.Port = unix.VMADDR_PORT_ANY
	}
	if a.Host != "" {
		cid, err := strconv.ParseUint(a.Host, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is not a vsock context id (a number)", a.Host)
		}
		sa.CID = uint32(cid)
	}
	return sa, nil
}

func fromSystemSockaddr(sa unix.Sockaddr, network string) Address {
	vm, ok := sa.(*unix.SockaddrVM)
	if !ok {
		return Address{Network: network}
	}
	a := Address{Network: network, Port: vm.Port}
	if vm.CID != unix.VMADDR_CID_ANY {
		a.Host = strconv.FormatUint(uint64(vm.CID), 10)
	}
	return a
}

// systemNetwork names the network of an address that only Linux has; "" when it is none of ours.
func systemNetwork(sa unix.Sockaddr) string {
	if _, ok := sa.(*unix.SockaddrVM); ok {
		return "vsock"
	}
	return ""
}

func deviceOf(fd int) (string, error) {
	name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
	return strings.TrimRight(name, "\x00"), err
}
