package drill

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var errnoClasses = map[syscall.Errno]class{
	windows.WSAECONNREFUSED:       refused,
	windows.ERROR_FILE_NOT_FOUND:  refused,
	windows.WSAECONNRESET:         reset,
	windows.WSAECONNABORTED:       reset,
	windows.WSAENETRESET:          reset,
	windows.ERROR_NETNAME_DELETED: reset,
	windows.ERROR_BROKEN_PIPE:     reset,
	windows.WSAETIMEDOUT:          timeout,
	windows.ERROR_SEM_TIMEOUT:     timeout,
	windows.WSAEACCES:             other,
	windows.WSAEHOSTUNREACH:       other,
	syscall.ECONNREFUSED:          other, // a number that Go has made up
}

var errnoLocal = map[syscall.Errno]bool{
	windows.WSAEADDRNOTAVAIL: true, windows.WSAEADDRINUSE: true, windows.WSAEMFILE: true, windows.WSAENOBUFS: true,
	windows.ERROR_NO_SYSTEM_RESOURCES: true, windows.WSAECONNREFUSED: false, windows.WSAEWOULDBLOCK: false,
}

// errnoReset is what WSARecv says of a connection that was reset.
const errnoReset = windows.WSAECONNRESET

// errnoResetText begins the description of such an attempt; the rest is in the words and the language of the system.
const errnoResetText = "reset: read: wsarecv: "
