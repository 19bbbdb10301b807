package drill

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var lossErrnos = errnos{
	refused: []syscall.Errno{windows.WSAECONNREFUSED, windows.ERROR_FILE_NOT_FOUND},
	reset:   []syscall.Errno{windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.ERROR_BROKEN_PIPE},
	timeout: []syscall.Errno{windows.WSAETIMEDOUT},
}

var localErrnos = []syscall.Errno{windows.WSAEADDRNOTAVAIL, windows.WSAEMFILE, windows.WSAENOBUFS}

const queueFull = windows.WSAEWOULDBLOCK
