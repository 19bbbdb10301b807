package pipe

import (
	"context"
	"net"

	"golang.org/x/sys/windows"
)

// turn is how long we wait in the kernel before we look whether the caller still waits, in milliseconds.
const turn = 50

func dial(ctx context.Context, path string) (*Conn, error) {
	h, err := connect(ctx, path)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: Addr(path).Network(), Addr: Addr(path), Err: err}
	}
	return newConn(h, Addr(path)), nil
}

func connect(ctx context.Context, path string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		h, err := openEnd(name)
		if err != windows.ERROR_PIPE_BUSY {
			return h, err
		}
		if err := waitNamedPipe(name, turn); err != nil && err != windows.ERROR_SEM_TIMEOUT {
			return 0, err
		}
	}
}

// openEnd lets the server ask who we are, from now on and not as what we may become (CreateFile: SECURITY_IDENTIFICATION, static tracking).
func openEnd(name *uint16) (windows.Handle, error) {
	const flags = windows.FILE_FLAG_OVERLAPPED | windows.SECURITY_SQOS_PRESENT | windows.SECURITY_IDENTIFICATION
	return windows.CreateFile(name, use, 0, nil, windows.OPEN_EXISTING, flags, 0)
}
