package dialect

import "syscall"

// endless is what a program with fvbock/endless tells the process that replaces it.
//
//	ENDLESS_CONTINUE=1     sockets at 3, 4, … in the order in which the program makes its servers
//
// Each of its servers sends SIGTERM to its parent as soon as it listens, for it takes the parent for the process
// before it: so a parent stands in for supervise as long as the worker lives. ENDLESS_SOCKET_ORDER, which lists
// addresses as the program spells them, is left out: the order says the same.
//
// It heeds SIGTERM once it accepts, a moment after that: one that comes before ends it or means nothing, unless the program sees to it.
//
// Source: endless endless.go, NewServer, getListener and ListenAndServe.
func endless() dialect {
	return dialect{name: "endless", tell: tellEndless, notes: endlessNotes,
		owns: isOneOf("ENDLESS_CONTINUE", "ENDLESS_SOCKET_ORDER")}
}

func tellEndless(in Input, fds []int) (words, error) {
	// It accepts by methods of net.TCPListener, and panics with any other.
	if err := onlyStreams(in, Socket.isTCP); err != nil {
		return words{}, err
	}
	return words{env: []string{"ENDLESS_CONTINUE=1"}, parent: &Parent{Ready: syscall.SIGTERM, Stay: true}}, nil
}
