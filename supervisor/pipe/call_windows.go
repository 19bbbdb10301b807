package pipe

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What golang.org/x/sys has no functions for.
var (
	procWaitNamedPipe   = windows.NewLazySystemDLL("kernel32.dll").NewProc("WaitNamedPipeW")
	procPeekNamedPipe   = windows.NewLazySystemDLL("kernel32.dll").NewProc("PeekNamedPipe")
	procImpersonatePipe = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")
)

// waitNamedPipe waits for an instance that is free, for ms milliseconds: then ERROR_SEM_TIMEOUT.
func waitNamedPipe(path *uint16, ms uint32) error {
	return result(procWaitNamedPipe.Call(uintptr(unsafe.Pointer(path)), uintptr(ms)))
}

// impersonate has this thread act as the client of a pipe.
func impersonate(h windows.Handle) error { return result(procImpersonatePipe.Call(uintptr(h))) }

// available is how much can be read at once.
func available(h windows.Handle) (n uint32, err error) {
	err = result(procPeekNamedPipe.Call(uintptr(h), 0, 0, 0, uintptr(unsafe.Pointer(&n)), 0))
	return n, err
}

func result(ok, _ uintptr, err error) error {
	if ok != 0 {
		return nil
	}
	if errno, is := err.(syscall.Errno); is && errno == 0 {
		return syscall.EINVAL
	}
	return err
}
