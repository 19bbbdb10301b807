package fdpass

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// closeOnExec: a handle is inherited only if it carries this flag.
func closeOnExec(fd int) {
	_ = windows.SetHandleInformation(windows.Handle(fd), windows.HANDLE_FLAG_INHERIT, 0)
}

// closeFD tells sockets from other handles by what Winsock says: its providers must see the end of a socket.
func closeFD(fd int) error {
	err := windows.Closesocket(windows.Handle(fd))
	if err == windows.WSAENOTSOCK {
		err = windows.CloseHandle(windows.Handle(fd))
	}
	return err
}

// lingers: SO_LINGER with a time makes closesocket() of a blocking socket wait. Listeners only pass the option on.
func lingers(fd int) bool {
	var linger [2]uint16 // LINGER: on, seconds
	size := int32(unsafe.Sizeof(linger))
	err := windows.Getsockopt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_LINGER, (*byte)(unsafe.Pointer(&linger)), &size)
	if err != nil || linger[0] == 0 || linger[1] == 0 {
		return false
	}
	listens, err := accepts(windows.Handle(fd))
	return err == nil && !listens
}

// setNonblock sets FIONBIO, which Winsock cannot be asked for.
func setNonblock(fd int, on bool) error {
	const fionbio = 0x8004667e
	var value, n uint32
	if on {
		value = 1
	}
	return windows.WSAIoctl(windows.Handle(fd), fionbio, (*byte)(unsafe.Pointer(&value)), 4, nil, 0, &n, nil, 0)
}

// duplicate goes through Winsock for a socket: with a layered provider its handle is not the kernel's. What Winsock refuses is another
// kind of handle, or none, which DuplicateHandle says.
func duplicate(fd int) (int, error) {
	var info windows.WSAProtocolInfo
	err := windows.WSADuplicateSocket(windows.Handle(fd), windows.GetCurrentProcessId(), &info)
	if err != nil {
		return duplicateHandle(fd)
	}
	n, err := socketOf(&info)
	return n, os.NewSyscallError("WSASocket", err)
}

func duplicateHandle(fd int) (int, error) {
	var to windows.Handle
	self := windows.CurrentProcess()
	err := windows.DuplicateHandle(self, windows.Handle(fd), self, &to, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return int(to), os.NewSyscallError("DuplicateHandle", err)
}

func duplicateRaw(raw syscall.RawConn) (*Descriptor, error) {
	var dup int
	var failed error
	if err := raw.Control(func(fd uintptr) { dup, failed = duplicate(int(fd)) }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return &Descriptor{fd: dup}, nil
}
