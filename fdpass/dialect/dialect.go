package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// firstFD is the number of the first socket: 0, 1 and 2 are the standard streams
// and SD_LISTEN_FDS_START is 3 (sd_listen_fds(3)).
const firstFD = 3

// Socket is what a convention may have to say about one socket.
type Socket struct {
	Name    string // the listener's name
	Network string // tcp tcp4 tcp6 udp udp4 udp6 unix unixgram unixpacket vsock fifo
	Host    string // IP literal, "" for the wildcard; the CID for vsock
	Port    int    // the real one, after bind(2)
	Path    string // unix and fifo; "@name" is in the abstract namespace

	// Handle is the value under which the worker inherits it on Windows; 0 where none is open yet, and elsewhere.
	Handle uintptr
}

// dialect is one convention: a row of the table.
type dialect struct {
	name string
	// fds gives the descriptor numbers of the sockets in order; nil means 3, 4, ….
	// Conventions that leave it nil share those numbers.
	fds func(in Input) ([]int, error)
	// apart says that the worker gets no descriptors of the sockets: it fetches them.
	apart bool
	// tell writes what has to be said about the sockets; nil if position says it all.
	tell func(in Input, fds []int) (words, error)
	// always says that tell is called for a service without sockets, too.
	always bool
	// owns reports whether an environment variable belongs to the convention; nil
	// if it has none.
	owns func(key string) bool
	// traps says what is likely to go wrong with the sockets; nil if nothing is.
	traps func(in Input) []string
	// notes says what to heed that cannot be seen from here; nil if there is nothing.
	notes func(in Input) []string
}

// words is what one convention says.
type words struct {
	env               []string
	ownPID, parentPID []string
	ownPIDFDID        []string
	parentPrefixed    []string
	silent            []int // indexes of the sockets it has no words for

	more     []Number // further numbers of sockets
	stored   []int    // numbers of the stored descriptors
	channels []Channel
	serve    []Served
	parent   *Parent

	adopt       bool // see Plan
	nonblocking bool // see Plan
}

// table lists the conventions as they are for workers on a system, the ones to prefer first.
func table(system string) []dialect {
	return []dialect{
		systemd(), einhorn(), serverStarter(),
		nginx(), angie(), phpFPM(), unicorn(), puma(), gunicorn(), nghttpx(),
		tableflip(), overseer(), endless(), grace(), goagain(),
		upstart(), circus(), stdin(), none(system), handles(),
		haproxy(), zerg(), s6FDHolder(), multibinder(), systemfd(system), adopt(),
	}
}

// Names returns the names of all conventions, the ones to prefer first.
func Names() []string {
	var names []string
	for _, d := range table("") {
		names = append(names, d.name)
	}
	return names
}

// Supported reports whether there is a convention of that name.
func Supported(name string) bool {
	_, ok := find(name, "")
	return ok
}

// Owns reports whether key names an environment variable of any convention. A
// supervisor drops these from what a worker would inherit: its own LISTEN_FDS
// means nothing to a worker, or worse, means the wrong descriptors.
func Owns(key string) bool {
	for _, d := range table("") {
		if d.owns != nil && d.owns(key) {
			return true
		}
	}
	return false
}

// FD returns the descriptor number under which a worker finds the socket, the first one
// above the standard streams if there are several, or -1 if it does not get it.
func FD(p Plan, socket int) int {
	fd := -1
	for _, n := range p.Numbers {
		if n.Socket == socket && fd < firstFD {
			fd = n.FD
		}
	}
	return fd
}

// Free returns the first descriptor number, 3 at least, above all that p uses.
func Free(p Plan) int {
	free := firstFD
	for _, n := range p.Numbers {
		free = max(free, n.FD+1)
	}
	for _, fd := range p.StoredFDs {
		free = max(free, fd+1)
	}
	for _, c := range p.Channels {
		free = max(free, c.FD+1)
	}
	return free
}

// Combine lays the sockets out for a worker that understands any of the named
// conventions. Without a name the sockets are at 3, 4, … and nothing is said.
//
// It fails for an unknown or repeated name, for conventions that cannot be had together,
// for sockets that a convention cannot place or would misstate, for a socket that none of
// the named ones mentions, and for stored descriptors without "systemd".
func Combine(names []string, in Input) (Plan, error) {
	list, err := lookup(names, in.System)
	if err != nil {
		return Plan{}, err
	}
	l := newLayout(in)
	if len(list) == 0 {
		list = []dialect{none(in.System)}
	}
	for _, d := range list {
		if err := l.add(d); err != nil {
			return Plan{}, fmt.Errorf("cannot hand over sockets by %q: %w", d.name, err)
		}
	}
	if err := l.untold(names); err != nil {
		return Plan{}, err
	}
	return l.plan(), nil
}

func lookup(names []string, system string) ([]dialect, error) {
	var list []dialect
	seen := map[string]bool{}
	for _, name := range names {
		d, ok := find(name, system)
		switch {
		case !ok:
			return nil, fmt.Errorf("cannot hand over sockets by %q: no such dialect (known: %s)", name, strings.Join(Names(), ", "))
		case seen[name]:
			return nil, fmt.Errorf("cannot hand over sockets by %q: the dialect is listed twice", name)
		case name == "adopt" && others(names) != "":
			return nil, fmt.Errorf("cannot hand over sockets by %q: the program makes its own, and %q gives it some (use one of the two)", name, others(names))
		case name == "none" && slices.Contains(names, "adopt"):
			continue // it says as little
		case name == "systemfd" && system != windows && slices.Contains(names, "systemd"):
			continue // it says the same
		case name == "none" && len(names) > 1:
			return nil, fmt.Errorf("cannot hand over sockets by %q: it says nothing, and other dialects are listed beside it (leave it out)", name)
		}
		seen[name] = true
		list = append(list, d)
	}
	return list, nil
}

func find(name, system string) (dialect, bool) {
	for _, d := range table(system) {
		if d.name == name {
			return d, true
		}
	}
	return dialect{}, false
}
