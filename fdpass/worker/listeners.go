package worker

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
)

// process holds the descriptors that this process was started with. There is one such set per
// process, by nature; the first call of this package claims it.
var process = sync.OnceValues(func() (*given, error) { return claim(os.Getpid(), os.Getppid()) })

// given is a set of descriptors that nobody has taken yet. It owns them.
type given struct {
	mu    sync.Mutex
	files []handed
	loose bool // the names are not those of listeners: a single file answers to every name
}

// claim reads LISTEN_FDS, or else what einhorn or Server::Starter say, or on Windows LISTEN_HANDLES or what systemfd says, for
// the process pid, keeps the descriptors from being inherited, and removes the variables of every handoff convention, so that a
// grandchild does not take numbers for sockets that it does not have. The result is nil without descriptors.
func claim(pid, parent int) (*given, error) {
	loose := os.Getenv("LISTEN_FDNAMES") == ""
	list, err := receive(os.Getenv, pid, parent)
	for _, kv := range os.Environ() {
		if key, _, _ := strings.Cut(kv, "="); dialect.Owns(key) {
			os.Unsetenv(key)
		}
	}
	if err != nil || list == nil {
		return nil, err
	}
	return &given{loose: loose, files: list}, nil
}

// Listeners takes all stream listeners that this process was given and returns them by name; the
// caller closes them. The map is nil if the process was started without any: neither LISTEN_FDS nor the
// variables of einhorn or Server::Starter are set for this process, or, on Windows, neither LISTEN_HANDLES nor those of systemfd. Datagram
// sockets, pipes and vsock listeners stay for PacketConn and File. Two listeners of one name are an error: take these by Listener.
//
// The descriptors are close-on-exec from here on and the variables are gone from the environment.
// Closing a unix listener does not unlink its path, which belongs to whoever bound it. The sockets are
// non-blocking, as Go needs them, for every process that holds them, and stay so. On Windows a listener of this package accepts beside
// those of other processes, which one of package net cannot; each of its running Accept calls has a thread.
func Listeners() (map[string]net.Listener, error) {
	g, err := process()
	if err != nil || g == nil {
		return nil, err
	}
	found := map[string]net.Listener{}
	for _, name := range g.streams() {
		if found[name] != nil {
			err = fmt.Errorf("cannot list listeners by name: two are named %q (take them by worker.Listener, one after the other)", name)
		} else if found[name], err = Listener(name); err == nil {
			continue
		}
		for _, l := range found {
			if l != nil {
				l.Close()
			}
		}
		return nil, err
	}
	return found, nil
}

// Listener takes the stream listener of that name; the caller closes it. A listener can be taken once: the
// descriptor is the caller's then, and closing it closes the process's only one. Of several with one name it takes
// the first that is left. A single descriptor that came without a name answers to every name.
func Listener(name string) (net.Listener, error) {
	h, err := take(name)
	if err != nil {
		return nil, err
	}
	if h.kind() != stream {
		h.close()
		return nil, fmt.Errorf("cannot listen on descriptor %q: not a stream socket of a kind that package net knows (use worker.PacketConn or worker.File)", name)
	}
	l, err := h.listener()
	if err != nil {
		return nil, fmt.Errorf("cannot listen on descriptor %q: %w", name, err)
	}
	return l, nil
}

// PacketConn takes the datagram socket of that name, as Listener does; the caller closes it.
func PacketConn(name string) (net.PacketConn, error) {
	h, err := take(name)
	if err != nil {
		return nil, err
	}
	if h.kind() != packet {
		h.close()
		return nil, fmt.Errorf("cannot receive from descriptor %q: not a datagram socket (use worker.Listener or worker.File)", name)
	}
	c, err := h.packetConn()
	if err != nil {
		return nil, fmt.Errorf("cannot receive from descriptor %q: %w", name, err)
	}
	return c, nil
}

// File takes the descriptor of that name as it is, whatever it is: a pipe (fifo://), a vsock
// listener. The caller closes it. On Windows its handle is put into a completion port: two processes cannot wait for one socket by it.
func File(name string) (*os.File, error) {
	h, err := take(name)
	if err != nil {
		return nil, err
	}
	return h.file()
}

// Listen takes the listener of that name if this process was given listeners, and otherwise opens its own with
// net.Listen(network, address): so one binary runs both supervised and bare. A process that was given
// listeners, but none of that name, gets an error, because a socket of its own would not survive the next restart.
func Listen(name, network, address string) (net.Listener, error) {
	g, err := process()
	if err != nil {
		return nil, err
	}
	if g == nil {
		return net.Listen(network, address)
	}
	return Listener(name)
}

func take(name string) (handed, error) {
	g, err := process()
	if err != nil {
		return handed{}, err
	}
	if g == nil {
		return handed{}, fmt.Errorf("cannot find listener %q: this process was given none, %s is not set for it (start it by supervise, or use worker.Listen)", name, variable)
	}
	return g.take(name)
}

// take removes one from the set; the caller owns it from here on.
func (g *given) take(name string) (handed, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, h := range g.files {
		if h.name() == name || len(g.files) == 1 && (g.loose || h.name() == "unknown") {
			g.files = append(g.files[:i:i], g.files[i+1:]...)
			return h, nil
		}
	}
	return handed{}, fmt.Errorf("cannot find listener %q: not among those left to take (%s)", name, g.names())
}

// names lists what is left. The caller holds mu.
func (g *given) names() string {
	if len(g.files) == 0 {
		return "none"
	}
	var names []string
	for _, h := range g.files {
		names = append(names, h.name())
	}
	return strings.Join(names, ", ")
}

// streams returns the names of the stream sockets that are left, in order.
func (g *given) streams() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var names []string
	for _, h := range g.files {
		if h.kind() == stream {
			names = append(names, h.name())
		}
	}
	return names
}

// kind is what package net can make of a descriptor.
type kind int

const (
	other  kind = iota // not a socket, or of a family that package net does not know
	stream             // connections are accepted from it
	packet             // datagrams are received from it
)
