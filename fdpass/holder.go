package fdpass

import (
	"fmt"
	"os"
)

// Holder is a process that holds an address.
type Holder struct {
	PID     int    // 0 when the process is not visible to us
	Command string // its name as in /proc/PID/comm, or the file's on Windows; "" when not visible
	UID     int    // owner of the socket; -1 when not known
}

// String gives "nginx (pid 812)" or "a process of another user (uid 33)". One of our own user that /proc does not show is in another
// pid namespace, pid_namespaces(7).
func (h Holder) String() string {
	switch {
	case h.PID > 0:
		return fmt.Sprintf("%s (pid %d)", h.Command, h.PID)
	case h.UID >= 0 && h.UID == os.Geteuid():
		return fmt.Sprintf("a process that is not visible to us (uid %d, in another container?)", h.UID)
	case h.UID >= 0:
		return fmt.Sprintf("a process of another user (uid %d)", h.UID)
	}
	return "a process that is not visible to us"
}

// Holders says which processes hold an address, so that bind(2) to it fails. Several can share one socket. The sockets
// come from sock_diag(7), their processes from /proc; what other users run stays hidden to all but root. On Windows both come
// from GetExtendedTcpTable and its kind. It is empty when nobody holds the address.
func Holders(a Address) ([]Holder, error) { return holders(a) }

// Unheld gives the indexes of those sockets that none of the processes has open. It gives none where that cannot be known: a process that is
// gone, or that we may not look into; processes that have nothing open at all, because they are ending.
func Unheld(pids []int, sockets []*Descriptor) []int { return unheld(pids, sockets) }
