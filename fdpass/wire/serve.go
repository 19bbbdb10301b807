package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Protocols names what Serve knows.
func Protocols() []string {
	return []string{"haproxy", "zerg", "s6-fdholder", "multibinder"}
}

// Serve carries on one dialogue with a peer, gives it descriptors of s and closes c. It returns nil when the peer has
// ended the dialogue where the protocol lets it, and an error for anything that is not the protocol, for a peer that
// keeps silent, and when ctx ends. It takes at most 10 minutes.
func Serve(ctx context.Context, c *net.UnixConn, protocol string, s Store) error {
	return serve(ctx, c, protocol, s, usual)
}

func serve(ctx context.Context, c *net.UnixConn, protocol string, s Store, pace pace) error {
	dialogue := dialogueOf(protocol)
	if dialogue == nil {
		_ = c.Close()
		return fmt.Errorf("cannot serve protocol %q: it is not known", protocol)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, pace.life, errLife)
	defer cancel()
	p := newPeer(ctx, c, pace)
	defer p.close()
	if err := dialogue(p, s); err != nil {
		return fmt.Errorf("cannot serve %s to a peer: %w", protocol, p.cause(ctx, err))
	}
	return nil
}

var errLife = errors.New("the dialogue takes too long")

func dialogueOf(protocol string) func(*peer, Store) error {
	switch protocol {
	case "haproxy":
		return serveHAProxy
	case "zerg":
		return serveZerg
	case "s6-fdholder":
		return serveFDHolder
	case "multibinder":
		return serveMultibinder
	}
	return nil
}
