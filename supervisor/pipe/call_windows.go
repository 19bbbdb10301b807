package pipe

import (
	"errors"
	"os"
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

// Available is how much can be read of a pipe at once, in bytes. Of a message it is all that is left.
func Available(f *os.File) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n uint32
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = result(procPeekNamedPipe.Call(fd, 0, 0, 0, uintptr(unsafe.Pointer(&n)), 0))
	})
	return int(n), errors.Join(err, failed)
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
