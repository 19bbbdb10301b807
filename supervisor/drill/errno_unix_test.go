//go:build unix

package drill

import "syscall"

var errnoClasses = map[syscall.Errno]class{
	syscall.ECONNREFUSED: refused,
	syscall.ENOENT:       refused,
	syscall.ECONNRESET:   reset,
	syscall.ECONNABORTED: reset,
	syscall.EPIPE:        reset,
	syscall.ETIMEDOUT:    timeout,
	syscall.EACCES:       other,
	syscall.EHOSTUNREACH: other,
}

var errnoLocal = map[syscall.Errno]bool{
	syscall.EADDRNOTAVAIL: true, syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOBUFS: true, syscall.ENOMEM: true,
	syscall.ECONNREFUSED: false, syscall.EAGAIN: false,
}

// errnoReset is what read(2) says of a connection that was reset.
const errnoReset = syscall.ECONNRESET

// errnoResetText begins the description of such an attempt.
const errnoResetText = "reset: read: read: connection reset by peer (attempt "
