//go:build darwin || freebsd

package fdpass

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks for LOCAL_PEERCRED of unix(4): the user when the connection was made, and up to 16 groups, the first of which is the
// primary one. The process is not told.
func peerOf(c *net.UnixConn) (Peer, error) {
	nobody := Peer{UID: -1}
	raw, err := c.SyscallConn()
	if err != nil {
		return nobody, err
	}
	var cred *unix.Xucred
	var failed error
	if err := raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED) }); err != nil {
		return nobody, err
	}
	if failed != nil {
		return nobody, failed
	}
	if cred.Version != 0 || cred.Ngroups < 1 || int(cred.Ngroups) > len(cred.Groups) { // XUCRED_VERSION
		return nobody, fmt.Errorf("cannot read version %d of xucred with %d groups", cred.Version, cred.Ngroups)
	}
	p := Peer{UID: int(cred.Uid), GID: int(cred.Groups[0])}
	for _, g := range cred.Groups[1:cred.Ngroups] {
		p.Groups = append(p.Groups, int(g))
	}
	return p, nil
}
