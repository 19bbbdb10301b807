package fdpass

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

func holders(a Address) ([]Holder, error) {
	if !a.isIP() {
		return nil, fmt.Errorf("cannot find who holds %s: windows tells it for IP sockets only", a)
	}
	var list []Holder
	seen := map[uint32]bool{}
	for _, family := range []uint32{windows.AF_INET, windows.AF_INET6} {
		owners, err := ownersOf(a, family)
		if err != nil {
			return nil, err
		}
		for _, o := range owners {
			if o.inTheWay(a) && !seen[o.pid] {
				seen[o.pid] = true
				list = append(list, holderAt(o.pid))
			}
		}
	}
	return list, nil
}

// ownersOf asks GetExtendedTcpTable or GetExtendedUdpTable of iphlpapi.h.
func ownersOf(a Address, family uint32) ([]portOwner, error) {
	const tcpListeners, udpOwners = 3, 1 // TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID
	name, class := "GetExtendedTcpTable", uintptr(tcpListeners)
	if a.isUDP() {
		name, class = "GetExtendedUdpTable", udpOwners
	}
	table, err := readTable(name, uintptr(family), class)
	if err != nil {
		return nil, err
	}
	return parseOwners(table, ownerLayout(a.isUDP(), family == windows.AF_INET6))
}

// readTable asks again with a larger buffer while the table grows.
func readTable(name string, family, class uintptr) ([]byte, error) {
	proc := windows.NewLazySystemDLL("iphlpapi.dll").NewProc(name)
	if err := proc.Find(); err != nil {
		return nil, err
	}
	buffer := make([]byte, 1<<14)
	for range 8 {
		size := uint32(len(buffer))
		r, _, _ := proc.Call(uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)), 0, family, class, 0)
		switch err := syscall.Errno(r); err {
		case 0:
			return buffer, nil
		case windows.ERROR_INSUFFICIENT_BUFFER:
			buffer = make([]byte, size+1<<12)
		default:
			return nil, os.NewSyscallError(name, err)
		}
	}
	return nil, errors.New("the table of sockets grows faster than it can be read")
}

// holderAt: process 0 has what is left of a process that is gone.
func holderAt(pid uint32) Holder {
	if pid == 0 {
		return Holder{UID: -1}
	}
	return Holder{PID: int(pid), Command: commandOf(pid), UID: -1}
}

// commandOf gives the file's name of a process.
func commandOf(pid uint32) string {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return "a process"
	}
	defer windows.CloseHandle(h)
	name := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(name))
	if windows.QueryFullProcessImageName(h, 0, &name[0], &size) != nil {
		return "a process"
	}
	return filepath.Base(windows.UTF16ToString(name[:size]))
}

// look finds out what the words for an error need.
func look(spec Spec, number syscall.Errno) sight {
	switch number {
	case windows.WSAEADDRINUSE, windows.WSAEACCES:
		return lookForHolder(spec.Address)
	case windows.WSAEADDRNOTAVAIL:
		return sight{own: ownAddresses()}
	}
	return sight{}
}

func lookForHolder(a Address) sight {
	list, err := holders(a)
	switch {
	case err != nil || len(list) == 0 || a.Port == 0 || list[0].PID == 0:
		return sight{}
	case list[0].PID == os.Getpid():
		return sight{holder: "this process itself", ours: true}
	case len(list) == 1:
		return sight{holder: list[0].String()}
	}
	return sight{holder: fmt.Sprintf("%s and %d more", list[0], len(list)-1)}
}
