package fdpass

import (
	"net"
	"slices"
)

// Peer is who called connect(2) at the other end of a connection, as the kernel saw it then: a process cannot pass itself off as
// another one that has its pid later.
type Peer struct {
	PID, UID, GID int
	Groups        []int // supplementary ones; none before Linux 4.13
}

// PeerOf asks for SO_PEERCRED and SO_PEERGROUPS of unix(7), on macOS and FreeBSD for LOCAL_PEERCRED, which tells no PID. With an error UID is -1,
// which is nobody.
func PeerOf(c *net.UnixConn) (Peer, error) { return peerOf(c) }

// In is whether the peer is in a group.
func (p Peer) In(gid int) bool { return p.GID == gid || slices.Contains(p.Groups, gid) }
