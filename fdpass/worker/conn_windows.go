package worker

import (
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/windows"
)

// protectFromClose is HANDLE_FLAG_PROTECT_FROM_CLOSE of SetHandleInformation: CloseHandle leaves the handle open.
const protectFromClose = 2

// connOf makes a connection of package net, of a duplicate. The caller still owns s.
//
// An os.File closes its handle by CloseHandle, which for a socket leaks what Winsock keeps of it in the process (closesocket): so it is
// kept from that. In a process that is debugged, or has ProcessStrictHandleCheckPolicy, the kernel raises STATUS_HANDLE_NOT_CLOSABLE for
// such a close: have the debugger pass that over.
func connOf(s windows.Handle) (net.Conn, error) {
	if err := windows.SetHandleInformation(s, protectFromClose, protectFromClose); err != nil {
		return nil, os.NewSyscallError("SetHandleInformation", err)
	}
	f := os.NewFile(uintptr(s), "connection")
	c, err := net.FileConn(f)
	_ = f.Close()
	if failed := windows.SetHandleInformation(s, protectFromClose, 0); err == nil && failed != nil {
		_ = c.Close()
		return nil, os.NewSyscallError("SetHandleInformation", failed)
	}
	return c, err
}

// zone is the scope of an IPv6 address; package net takes numbers for names.
func zone(id uint32) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}
