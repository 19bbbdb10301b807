package broker

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks for SO_PEERCRED (unix(7)): who called connect(2), as it was then.
func peerOf(c *net.UnixConn) (peer, error) {
	none := peer{uid: -1}
	raw, err := c.SyscallConn()
	if err != nil {
		return none, err
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return none, err
	}
	if failed != nil {
		return none, failed
	}
	return peer{uid: int(cred.Uid), pid: int(cred.Pid)}, nil
}
