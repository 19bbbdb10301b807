package fdpass

import "time"

// Options are the socket options of a listener. A nil pointer, zero number or empty string leaves what the kernel does
// by default. All are set before bind(2), so that no connection is ever accepted without them. Sources: socket(7),
// ip(7), ipv6(7), tcp(7), unix(7), pipe(7).
type Options struct {
	IPv6Only    *bool `json:"ipv6_only,omitempty"`
	ReusePort   *bool `json:"reuse_port,omitempty"`
	FreeBind    *bool `json:"free_bind,omitempty"`
	Transparent *bool `json:"transparent,omitempty"`

	BindDevice string  `json:"bind_device,omitempty"` // interface name
	Mark       *uint32 `json:"mark,omitempty"`        // SO_MARK, for routing and packet filters

	KeepAlive         *bool         `json:"keepalive,omitempty"`
	KeepAliveIdle     time.Duration `json:"keepalive_idle,omitempty"`     // whole seconds
	KeepAliveInterval time.Duration `json:"keepalive_interval,omitempty"` // whole seconds
	KeepAliveCount    int           `json:"keepalive_count,omitempty"`
	NoDelay           *bool         `json:"no_delay,omitempty"`
	DeferAccept       time.Duration `json:"defer_accept,omitempty"`   // whole seconds; the kernel rounds to its retransmission steps
	FastOpen          int           `json:"fast_open,omitempty"`      // length of the queue of TCP fast open requests
	UserTimeout       time.Duration `json:"user_timeout,omitempty"`   // whole milliseconds
	Congestion        string        `json:"congestion,omitempty"`     // a name of net.ipv4.tcp_available_congestion_control
	Multipath         bool          `json:"multipath,omitempty"`      // MPTCP; refused when the kernel has none
	ReceiveBuffer     int           `json:"receive_buffer,omitempty"` // bytes; the kernel cuts at net.core.rmem_max
	SendBuffer        int           `json:"send_buffer,omitempty"`    // bytes; the kernel cuts at net.core.wmem_max
	TOS               *int          `json:"tos,omitempty"`
	TTL               *int          `json:"ttl,omitempty"`
	Priority          *int          `json:"priority,omitempty"`
	PassCredentials   *bool         `json:"pass_credentials,omitempty"`
	Broadcast         *bool         `json:"broadcast,omitempty"`
	PipeSize          int           `json:"pipe_size,omitempty"` // bytes, fifo
}

// Spec is what a listener is configured to be. Its JSON is part of an Identity, with durations in nanoseconds.
type Spec struct {
	Name    string  `json:"name"`
	Address Address `json:"address"`
	Backlog int     `json:"backlog"` // 1 or more; 0 is the most the running system allows. No meaning for datagram sockets and fifos
	Mode    uint32  `json:"mode"`    // permission bits of the file of a unix socket or fifo; 0 leaves the umask's
	UID     int     `json:"uid"`     // owner of that file; -1 leaves it
	GID     int     `json:"gid"`     // likewise
	Options Options `json:"options"`

	// Member is for a TCP socket at whose address more sockets are to listen, see Another: it gets SO_REUSEPORT when it has the
	// address for itself.
	Member bool `json:"member,omitempty"`
}

// kind is the three arguments of socket(2).
type kind struct{ domain, typ, proto int }
