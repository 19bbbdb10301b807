package fdpass

import "net"

// Named is a descriptor with the name of the listener it belongs to.
type Named struct {
	Name       string
	Descriptor *Descriptor
}

// Send writes the descriptors with their names to c, in messages of at most 253. The caller still owns list.
func Send(c *net.UnixConn, list []Named) error { return send(c, list) }

// Receive reads what one Send wrote. The caller owns the descriptors; on an error all that came are closed.
func Receive(c *net.UnixConn) ([]Named, error) { return receive(c) }

// Given takes the descriptors that systemd or systemd-socket-activate gave this process.
func Given(environ []string, pid int) (list []Named, rest []string, err error) {
	return given(environ, pid)
}

// Match gives the index of the descriptor for spec, by name first, then by address; -1 when there is none.
func Match(list []Named, spec Spec) int { return match(list, spec) }
