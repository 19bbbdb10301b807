package worker

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	pipePrefix = `\\.\pipe\`
	namedHow   = "the name of a pipe, " + pipePrefix + "NAME"
)

func named(path string) bool {
	return len(path) > len(pipePrefix) && strings.EqualFold(path[:len(pipePrefix)], pipePrefix)
}

// send opens the pipe, writes one message and closes it: the server reads it and then the end. It knows who we are by
// GetNamedPipeClientProcessId.
func send(path, state string) error {
	var g gate
	if err := g.setDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	o, err := g.enter()
	if err != nil {
		return err
	}
	defer g.close()
	defer g.leave(o)
	h, err := openPipe(path, &g)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	message := []byte(state)
	n, err := o.run(h, &g, func(overlapped *windows.Overlapped, n *uint32) error {
		return windows.WriteFile(h, message, n, overlapped)
	})
	if err == nil && int(n) != len(message) {
		err = fmt.Errorf("%d of %d bytes were taken", n, len(message))
	}
	return err
}

// openPipe waits for an instance of the pipe while all are taken. The server may see who we are, and may not act as us (CreateFile,
// SECURITY_IDENTIFICATION).
func openPipe(path string, g *gate) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	const flags = windows.FILE_FLAG_OVERLAPPED | windows.SECURITY_SQOS_PRESENT | windows.SECURITY_IDENTIFICATION
	for {
		h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, flags, 0)
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return h, err
		}
		left, err := g.state()
		if err == nil {
			err = waitNamedPipe(name, left)
		}
		if err != nil {
			return 0, err
		}
	}
}

// handReady writes a line to READY_HANDLE, once: a process has one such handle, by nature.
var handReady = sync.OnceValue(func() error {
	value := os.Getenv("READY_HANDLE")
	if value == "" {
		return nil
	}
	if err := os.Unsetenv("READY_HANDLE"); err != nil {
		return err
	}
	n, err := strconv.ParseUint(value, 10, 32)
	if err == nil {
		err = sayLine(windows.Handle(n))
	}
	if err != nil {
		return fmt.Errorf("cannot say that the worker is ready over READY_HANDLE %.20q: %w", value, err)
	}
	return nil
})

// sayLine closes h if it is a pipe: a number may mean anything.
func sayLine(h windows.Handle) error {
	typ, err := windows.GetFileType(h)
	if err != nil {
		return err
	}
	if typ != windows.FILE_TYPE_PIPE {
		return errors.New("it is not a pipe")
	}
	f := os.NewFile(uintptr(h), "READY_HANDLE")
	_, err = f.WriteString("\n")
	return errors.Join(err, f.Close())
}

func waitNamedPipe(name *uint16, milliseconds uint32) error {
	done, _, err := procWaitNamedPipe.Call(uintptr(unsafe.Pointer(name)), uintptr(milliseconds))
	if done == 0 && !errors.Is(err, windows.ERROR_SEM_TIMEOUT) {
		return err
	}
	return nil
}

var procWaitNamedPipe = windows.NewLazySystemDLL("kernel32.dll").NewProc("WaitNamedPipeW")
