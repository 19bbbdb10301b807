//go:build !windows

package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// peer is who is at the other end of a connection, as the kernel says.
type peer struct {
	fdpass.Peer
	err error // why it is not known
}

// facts are what a log says of it.
func (p peer) facts() []any { return []any{"uid", p.UID, "pid", p.PID} }

func nobody(why string) peer { return peer{fdpass.Peer{UID: -1}, errors.New(why)} }

// withPeer asks once for each connection, when it is accepted.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(*slot); ok {
		c = s.Conn
	}
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return context.WithValue(ctx, peerKey{}, nobody("connection is not over a unix socket"))
	}
	p, err := fdpass.PeerOf(unix)
	return context.WithValue(ctx, peerKey{}, peer{p, err})
}

// peerOf is the peer of the request's connection; without one nobody is known.
func peerOf(ctx context.Context) peer {
	if p, ok := ctx.Value(peerKey{}).(peer); ok {
		return p
	}
	return nobody("no connection")
}

// gate lets in the own user, root and one group.
type gate struct{ uid, gid int }

func newGate(o Options) gate { return gate{uid: os.Geteuid(), gid: o.GID} }

// check is nil or the refusal.
func (g gate) check(p peer) error {
	switch {
	case p.err != nil:
		return &badRequest{http.StatusForbidden, CodeFailed, fmt.Sprintf("cannot tell who you are: %v", p.err)}
	case p.UID == g.uid, p.UID == 0:
		return nil
	case g.gid >= 0 && p.In(g.gid):
		return nil
	}
	also := ""
	if g.gid >= 0 {
		also = fmt.Sprintf(", members of group %d", g.gid)
	}
	return &badRequest{http.StatusForbidden, CodeFailed,
		fmt.Sprintf("user %d may not control this supervise: only user %d%s and root may (see control.group)", p.UID, g.uid, also)}
}
