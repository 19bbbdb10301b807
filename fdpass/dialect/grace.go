package dialect

import (
	"strconv"
	"syscall"
)

// grace is what a program with Facebook's grace tells the process that replaces it.
//
//	LISTEN_FDS=2     sockets at 3, 4, …; matched by address
//
// Once all its servers listen it sends SIGTERM to the parent that it had at its start, unless that is process 1. It
// does so with any LISTEN_FDS, whatever LISTEN_PID says: such a program must have this dialect, not "systemd".
//
// It begins to catch SIGTERM a moment after that: one that comes before ends it with what it has accepted, unless the program sees to it.
//
// Source: grace gracehttp/http.go, run; gracenet/net.go, inherit.
func grace() dialect {
	return dialect{name: "grace", tell: tellGrace, owns: isOneOf("LISTEN_FDS"), notes: graceNotes}
}

func tellGrace(in Input, fds []int) (words, error) {
	if err := onlyStreams(in, Socket.isStream); err != nil {
		return words{}, err
	}
	return words{env: []string{"LISTEN_FDS=" + strconv.Itoa(len(fds))}, parent: &Parent{Ready: syscall.SIGTERM}}, nil
}
