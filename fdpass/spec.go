package fdpass

import "time"

// Options are the socket options of a listener. A nil pointer, zero number or empty string leaves what the kernel does
// by default. All are set before bind(2), so that no connection is ever accepted without them. Sources: socket(7),
// ip(7), ipv6(7), tcp(7), unix(7), pipe(7).
type Options struct {
	IPv6Only, ReusePort, FreeBind, Transparent *bool

	BindDevice string  // interface name
	Mark       *uint32 // SO_MARK, for routing and packet filters

	KeepAlive                        *bool
	KeepAliveIdle, KeepAliveInterval time.Duration // whole seconds
	KeepAliveCount                   int
	NoDelay                          *bool
	DeferAccept                      time.Duration // whole seconds; the kernel rounds to its retransmission steps
	FastOpen                         int           // length of the queue of TCP fast open requests
	UserTimeout                      time.Duration // whole milliseconds
	Congestion                       string        // a name of net.ipv4.tcp_available_congestion_control
	Multipath                        bool          // MPTCP; refused when the kernel has none
	ReceiveBuffer, SendBuffer        int           // bytes; the kernel cuts at net.core.rmem_max and wmem_max
	TOS, TTL, Priority               *int
	PassCredentials, Broadcast       *bool
	PipeSize                         int // bytes, fifo
}

// Spec is what a listener is configured to be.
type Spec struct {
	Name     string
	Address  Address
	Backlog  int    // 1 or more; 0 is the most the running system allows. No meaning for datagram sockets and fifos
	Mode     uint32 // permission bits of the file of a unix socket or fifo; 0 leaves the umask's
	UID, GID int    // owner of that file; -1 leaves it
	Options  Options
}

// kind is the three arguments of socket(2).
type kind struct{ domain, typ, proto int }
