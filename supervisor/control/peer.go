package control

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
)

// peer is who is at the other end of a connection, as the kernel says.
type peer struct {
	pid, uid, gid int
	groups        []int // supplementary ones
	err           error // why it is not known
}

type peerKey struct{}

// withPeer asks once for each connection, when it is accepted.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(*slot); ok {
		c = s.Conn
	}
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return context.WithValue(ctx, peerKey{}, peer{uid: -1, err: fmt.Errorf("connection is not over a unix socket")})
	}
	return context.WithValue(ctx, peerKey{}, credentials(unix))
}

// peerOf is the peer of the request's connection; without one nobody is known.
func peerOf(ctx context.Context) peer {
	if p, ok := ctx.Value(peerKey{}).(peer); ok {
		return p
	}
	return peer{uid: -1, err: fmt.Errorf("no connection")}
}

// gate lets in the own user, root and one group.
type gate struct{ uid, gid int }

func newGate(gid int) gate { return gate{uid: os.Geteuid(), gid: gid} }

// check is nil or the refusal.
func (g gate) check(p peer) error {
	switch {
	case p.err != nil:
		return &badRequest{http.StatusForbidden, CodeFailed, fmt.Sprintf("cannot tell who you are: %v", p.err)}
	case p.uid == g.uid, p.uid == 0:
		return nil
	case g.gid >= 0 && (p.gid == g.gid || slices.Contains(p.groups, g.gid)):
		return nil
	}
	also := ""
	if g.gid >= 0 {
		also = fmt.Sprintf(", members of group %d", g.gid)
	}
	return &badRequest{http.StatusForbidden, CodeFailed,
		fmt.Sprintf("user %d may not control this supervise: only user %d%s and root may (see control.group)", p.uid, g.uid, also)}
}
