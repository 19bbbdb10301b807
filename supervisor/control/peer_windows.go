package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/seed-da40d5ac/supervise/supervisor/pipe"
)

// Well-known SIDs.
const (
	systemSID         = "S-1-5-18"
	administratorsSID = "S-1-5-32-544"
)

// peer is who is at the other end of a connection, as the kernel says.
type peer struct {
	pipe.Client
	err error // why it is not known
}

// facts are what a log says of it.
func (p peer) facts() []any { return []any{"user", pipe.Account(p.User), "pid", p.PID} }

func nobody(why string) peer { return peer{err: errors.New(why)} }

// withPeer asks once for each connection, and not before a request has come: of some clients the kernel knows only then
// (pipe.Conn.Client).
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(*slot); ok {
		c = s.Conn
	}
	return context.WithValue(ctx, peerKey{}, sync.OnceValue(func() peer {
		p, ok := c.(*pipe.Conn)
		if !ok {
			return nobody("connection is not over a named pipe")
		}
		who, err := p.Client()
		return peer{who, err}
	}))
}

// peerOf is the peer of the request's connection; without one nobody is known.
func peerOf(ctx context.Context) peer {
	if ask, ok := ctx.Value(peerKey{}).(func() peer); ok {
		return ask()
	}
	return nobody("no connection")
}

// gate lets in the own user, Administrators, SYSTEM and one group. Before it stands the access list of the pipe.
type gate struct{ user, group string } // SIDs

// newGate lets in nobody by the own user's name when that is not known.
func newGate(o Options) gate {
	own, _ := pipe.User()
	return gate{user: own, group: o.Group}
}

// check is nil or the refusal.
func (g gate) check(p peer) error {
	switch {
	case p.err != nil:
		return &badRequest{http.StatusForbidden, CodeFailed, fmt.Sprintf("cannot tell who you are: %v", p.err)}
	case p.User != "" && p.User == g.user, p.User == systemSID, slices.Contains(p.Groups, administratorsSID):
		return nil
	case g.group != "" && slices.Contains(p.Groups, g.group):
		return nil
	}
	also := ""
	if g.group != "" {
		also = fmt.Sprintf(", members of %s", pipe.Account(g.group))
	}
	return &badRequest{http.StatusForbidden, CodeFailed,
		fmt.Sprintf("user %s may not control this supervise: only %s%s, Administrators and SYSTEM may (see control.group)", pipe.Account(p.User), pipe.Account(g.user), also)}
}
