package config

import "time"

// Config is a configuration file, read, checked and with every default filled in.
// It is not changed after Load; sharing it between goroutines is safe.
type Config struct {
	// Path is the file as given to Load; "" after ForCommand.
	Path string
	// System is the one that the file was read for, by the names of runtime.GOOS.
	System string
	// Listeners and Services are in the order of the file.
	Listeners []*Listener
	Services  []*Service
	Serves    []*Serve
	Control   Control
	Log       Log
	// Warnings are formatted like errors, one text each. Nothing is refused because of them.
	Warnings []string
	// Source makes the same configuration again.
	Source *Source `json:"-"`

	written written // control.* and log.*
}

// Listener returns the listener of that name, nil when there is none.
func (c *Config) Listener(name string) *Listener {
	for _, l := range c.Listeners {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// Service returns the service of that name, nil when there is none.
func (c *Config) Service(name string) *Service {
	for _, s := range c.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Host is what a file can see of the machine, ${env.NAME} and ${cpus}, and what the machine is.
type Host struct {
	// System is linux, windows, darwin, freebsd, ..., as in runtime.GOOS; "" is this one.
	System string
	// Environ is in the form of os.Environ.
	Environ []string
	// CPUs is the number of CPUs that supervise may use.
	CPUs int
}

// Listener is a listener block: a socket (or FIFO) that supervise opens and holds.
type Listener struct {
	Name    string
	Address Address
	// Backlog is the n of listen(2), from 1. 0 means "max", SOMAXCONN of the running system;
	// it is 0 as well for udp, unixgram and fifo, which have no backlog.
	Backlog int
	// Sharing is "all": one socket for every generation; "generation": one for each; "worker": one for each worker of each.
	Sharing string
	// Mode is the permission bits of a unix path or fifo; 0 when not given.
	Mode uint32
	// Owner and Group are names or numbers, not looked up yet; "" when not given.
	Owner, Group string
	Options      Options
	// TakeFrom is who has the socket already, nil when it is to be opened.
	TakeFrom *TakeFrom
	// Where is the place in the file, "app.hcl:3".
	Where string
	// Source is the configuration that the listener was read with.
	Source *Source `json:"-"`

	written written
	place   place // of the address
	// takePlace is the place of take_from.
	takePlace place
}

// Options are the socket options of a listener, set before bind(2). Nil, 0 and "" mean not given:
// the system's default stays. Sources: socket(7), ip(7), ipv6(7), tcp(7), unix(7), pipe(7).
type Options struct {
	IPv6Only, ReusePort, FreeBind, Transparent *bool
	// BindDevice is the name of a network interface (SO_BINDTODEVICE).
	BindDevice string
	Mark       *uint32
	KeepAlive  *bool
	// KeepAliveIdle and KeepAliveInterval are whole seconds.
	KeepAliveIdle, KeepAliveInterval time.Duration
	KeepAliveCount                   int
	NoDelay                          *bool
	// DeferAccept is whole seconds.
	DeferAccept time.Duration
	// FastOpen is the length of the queue of TCP_FASTOPEN.
	FastOpen int
	// UserTimeout is whole milliseconds.
	UserTimeout time.Duration
	// Congestion is the name of a congestion control, such as "bbr".
	Congestion string
	// Multipath asks for MPTCP instead of TCP.
	Multipath bool
	// ReceiveBuffer and SendBuffer are bytes, as given to setsockopt(2); the kernel doubles them.
	ReceiveBuffer, SendBuffer  int
	TOS, TTL, Priority         *int
	PassCredentials, Broadcast *bool
	// PipeSize is the capacity of a fifo in bytes (F_SETPIPE_SZ).
	PipeSize int
}

// Control is where supervise listens for its own commands.
type Control struct {
	// Address is a unix socket, or a named pipe on Windows; its Path is "" for the default, see the command line.
	Address Address
	// Mode is the permission bits of the socket; 0 when not given.
	Mode uint32
	// Group is the name or number of a group that may send commands; "" when not given.
	Group string
}

// Log is how supervise itself logs.
type Log struct {
	// Level is trace, debug, info, warn or error.
	Level string
	// Format is text or json.
	Format string
}
