package broker

import "net"

// PeerOf tells who connected: user and process at that moment (SO_PEERCRED, unix(7)).
func PeerOf(c *net.UnixConn) (uid, pid int, err error) {
	p, err := peerOf(c)
	return p.uid, p.pid, err
}
