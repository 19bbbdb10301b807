//go:build unix

package drill

import "syscall"

var lossErrnos = errnos{
	refused: []syscall.Errno{syscall.ECONNREFUSED, syscall.ENOENT},
	reset:   []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED},
	timeout: []syscall.Errno{syscall.ETIMEDOUT},
}

var localErrnos = []syscall.Errno{syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// queueFull is what a non-blocking connect(2) to a unix socket says where a blocking one would wait for room in the backlog.
const queueFull = syscall.EAGAIN
