package drill

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// Beside the numbers of Winsock ("Windows Sockets Error Codes") there are those that a completion port gives for the same things.
var lossErrnos = errnos{
	refused: []syscall.Errno{windows.WSAECONNREFUSED, windows.ERROR_FILE_NOT_FOUND},
	reset:   []syscall.Errno{windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET, windows.ERROR_NETNAME_DELETED, windows.ERROR_BROKEN_PIPE},
	timeout: []syscall.Errno{windows.WSAETIMEDOUT, windows.ERROR_SEM_TIMEOUT},
}

// ConnectEx says WSAEADDRINUSE when there is no local port left.
var localErrnos = []syscall.Errno{
	windows.WSAEADDRNOTAVAIL, windows.WSAEADDRINUSE, windows.WSAEMFILE, windows.WSAENOBUFS, windows.ERROR_NO_SYSTEM_RESOURCES,
}

const queueFull = windows.WSAEWOULDBLOCK
