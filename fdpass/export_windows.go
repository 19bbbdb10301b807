package fdpass

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

func export(d *Descriptor, pid int) ([]byte, error) {
	var info windows.WSAProtocolInfo
	err := d.Use(func(fd int) error { return windows.WSADuplicateSocket(windows.Handle(fd), uint32(pid), &info) })
	if err != nil {
		return nil, fmt.Errorf("cannot make a duplicate of a socket for process %d: %w", pid, inWords("export", err))
	}
	return append([]byte(nil), infoBytes(&info)...), nil
}

func importSocket(info []byte) (*Descriptor, error) {
	if len(info) != ExportSize {
		return nil, fmt.Errorf("cannot open the duplicate of a socket: its description has %d bytes, not %d", len(info), ExportSize)
	}
	var of windows.WSAProtocolInfo
	copy(infoBytes(&of), info)
	fd, err := socketOf(&of)
	if err != nil {
		return nil, fmt.Errorf("cannot open the duplicate of a socket: %w", inWords("import", err))
	}
	return &Descriptor{fd: fd}, nil
}

func infoBytes(info *windows.WSAProtocolInfo) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(info)), unsafe.Sizeof(*info))
}

// socketOf opens the socket that WSADuplicateSocket described.
func socketOf(info *windows.WSAProtocolInfo) (int, error) {
	const fromInfo = -1 // FROM_PROTOCOL_INFO
	h, err := windows.WSASocket(fromInfo, fromInfo, fromInfo, info, 0, socketFlags)
	return int(h), err
}

func (d *Descriptor) handle() uintptr { return uintptr(d.fd) }
