package supervisor

import (
	"slices"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass/diag"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// holder is a worker whose connections are to be counted: the open ones, that clients have made to its listeners.
type holder struct {
	process keeper.Process // nothing when it does not run
	ports   []uint16       // of its TCP listeners
	names   []string       // of its unix listeners, as they are bound
	blind   bool           // it has a listener whose connections the kernel does not tell of
}

// unknown is the number of connections where nobody can tell.
const unknown = -1

// holder says of whom the connections of w are.
func (w *worker) holder() holder { return w.holderOf(w.gen.leases) }

// steeredHolder leaves out the listeners at which w gets new connections to its end.
func (w *worker) steeredHolder() holder {
	return w.holderOf(slices.DeleteFunc(slices.Clone(w.gen.leases), func(l *registry.Lease) bool { return l.Sharing() == "all" }))
}

func (w *worker) holderOf(leases []*registry.Lease) holder {
	var h holder
	if w.launched && w.phase != gone {
		h.process = w.proc.known()
	}
	for _, l := range leases {
		switch a := l.Address(); {
		case strings.HasPrefix(a.Network, "tcp"):
			h.ports = append(h.ports, uint16(a.Port))
			h.blind = h.blind || w.multipath(l.Name())
		case a.Network == "unix" || a.Network == "unixpacket":
			h.names = append(h.names, a.Path)
		case a.Network == "vsock":
			h.blind = true
		}
	}
	return h
}

// multipath is whether a listener of w has connections that sock_diag(7) tells of only as such of MPTCP.
func (w *worker) multipath(listener string) bool {
	l := w.gen.all.Listener(listener)
	return l != nil && l.Options.Multipath
}

// connections counts the connections of each worker. It asks the kernel once for all of them, and then looks at the processes of those
// alone that may have any.
func connections(list []holder) []int {
	counts := make([]int, len(list))
	c, err := takeCensus(list)
	for i, h := range list {
		switch {
		case h.process.Root == 0:
		case err != nil || h.blind:
			counts[i] = unknown
		case c.concerns(h):
			c.busy = append(c.busy, i)
		}
	}
	c.count(list, counts)
	return counts
}

// census is what connections there are at some listeners.
type census struct {
	tcp   map[uint64]uint16 // inode → port
	unix  map[uint64]string // inode → name
	ports map[uint16]bool   // that have any
	names map[string]bool
	busy  []int // indexes of those whose processes have to be looked at
}

func takeCensus(list []holder) (census, error) {
	c := census{ports: map[uint16]bool{}, names: map[string]bool{}}
	var ports []uint16
	var names []string
	for _, h := range list {
		if h.process.Root != 0 {
			ports, names = append(ports, h.ports...), append(names, h.names...)
		}
	}
	slices.Sort(ports)
	var err error
	if c.tcp, err = diag.Connections(slices.Compact(ports)); err != nil {
		return c, err
	}
	if c.unix, err = diag.UnixConnections(names); err != nil {
		return c, err
	}
	for _, port := range c.tcp {
		c.ports[port] = true
	}
	for _, name := range c.unix {
		c.names[name] = true
	}
	return c, nil
}

// concerns is whether there is any connection at a listener of h.
func (c census) concerns(h holder) bool {
	return slices.ContainsFunc(h.ports, func(p uint16) bool { return c.ports[p] }) ||
		slices.ContainsFunc(h.names, func(n string) bool { return c.names[n] })
}

// count looks which of the connections are held by the busy ones.
func (c census) count(list []holder, counts []int) {
	if len(c.busy) == 0 {
		return
	}
	trees := make([]proctree.Tree, len(c.busy))
	for i, at := range c.busy {
		trees[i] = list[at].process.Tree()
	}
	for i, members := range proctree.Look().Divide(trees) {
		counts[c.busy[i]] = c.heldBy(members, list[c.busy[i]])
	}
}

// heldBy counts a connection that several processes of a tree have open once.
func (c census) heldBy(members []int, h holder) int {
	open, err := diag.HeldBy(members)
	if err != nil {
		return unknown
	}
	n := 0
	for inode := range open {
		port, tcp := c.tcp[inode]
		name, unix := c.unix[inode]
		if tcp && slices.Contains(h.ports, port) || unix && slices.Contains(h.names, name) {
			n++
		}
	}
	return n
}
