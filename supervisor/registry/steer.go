package registry

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// ErrNotSteered is the reason, by errors.Is, when a listener has one socket for all generations (sharing "all"), so that nobody
// can say whom a connection reaches.
var ErrNotSteered = errors.New(`it has one socket for all generations (sharing = "all")`)

// Promote has new connections go to the sockets of u from now on, and ends a canary. A second time nothing happens, and nothing ever
// does to listeners with sharing "all". It is for going back to an earlier generation as well.
func (r *Registry) Promote(u User) error { return nil }

// Canary has that share of new connections, 0 to 1, go to u; 0 ends it.
func (r *Registry) Canary(u User, share float64) error { return nil }

// Rest has nothing new come to u: until the next Promote new connections wait at a socket that belongs to nobody, and that the next
// generation takes.
func (r *Registry) Rest(u User) error { return nil }

// Probe has connections from exactly that address and port reach the socket of one worker of u, until end. The error is
// ErrNotSteered for a listener with sharing "all".
func (r *Registry) Probe(u User, worker int, listener string, from netip.AddrPort) (end func(), err error) {
	return nil, fmt.Errorf("cannot reach worker %d of service %q alone on listener %q: %w", worker, u.Service, listener, ErrNotSteered)
}

// Quiet gives the number of connections that wait at the sockets of u, or shake hands with them; 0 when u has no socket of its own.
func (r *Registry) Quiet(u User) (waiting int, err error) { return 0, nil }

// Sharing is that of the listener: "all", "generation" or "worker".
func (l *Lease) Sharing() string {
	sharing := ""
	l.r.do(func() { sharing = l.h.sharing })
	return sharing
}

// Address is the real address of the listener.
func (l *Lease) Address() fdpass.Address { return l.h.socket.Address() }

// Open gives the socket for a worker of the generation: the listener's own with sharing "all". The registry owns it; it is open until
// Release or the registry's Close. Take its Descriptor anew for each worker: after a repair it may be another one.
func (l *Lease) Open(worker int) (*fdpass.Socket, error) { return l.h.socket, nil }

// CanJoin says whether a socket that the worker's program has made itself may become one of the listener's: nil, or why not.
func (l *Lease) CanJoin(worker int) error {
	return fmt.Errorf("cannot use the program's own socket for listener %q: %w", l.name, ErrNotSteered)
}

// Join makes a socket that a worker's program has made one of the listener's: d is bound to the address with SO_REUSEPORT and does
// not listen yet. It gets the options and the backlog that are configured, and listens. The caller still owns d.
func (l *Lease) Join(worker int, d *fdpass.Descriptor) error { return l.CanJoin(worker) }
