package fdpass

import (
	"crypto/rand"
	"os"

	"golang.org/x/sys/windows"
)

// pipeSize is how much is kept for a reader that is late.
const pipeSize = 1 << 16

// pipe makes a named pipe of one instance, because CreatePipe gives two ends that Go's poller cannot wait for. The reading end is
// overlapped, the writing end is not: a child writes to it as to any standard output. A name that is new for sure, and the one
// instance, which is taken when this returns, let no other process in between.
func pipe() (*os.File, *Descriptor, error) {
	name, err := windows.UTF16PtrFromString(`\\.\pipe\supervise-` + rand.Text())
	if err != nil {
		return nil, nil, err
	}
	r, err := windows.CreateNamedPipe(name,
		windows.PIPE_ACCESS_INBOUND|windows.FILE_FLAG_OVERLAPPED|windows.FILE_FLAG_FIRST_PIPE_INSTANCE,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, 1, pipeSize, pipeSize, 0, nil)
	if err != nil {
		return nil, nil, os.NewSyscallError("CreateNamedPipe", err)
	}
	w, err := windows.CreateFile(name, windows.GENERIC_WRITE|windows.FILE_READ_ATTRIBUTES, 0, nil, windows.OPEN_EXISTING,
		windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
	if err != nil {
		_ = windows.CloseHandle(r)
		return nil, nil, os.NewSyscallError("CreateFile", err)
	}
	return os.NewFile(uintptr(r), "pipe"), &Descriptor{fd: int(w)}, nil
}
