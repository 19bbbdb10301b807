package steer

import (
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Member is one socket of a group: TCP, with SO_REUSEPORT, listening.
type Member struct {
	Key        string             // the caller's name for it, used once in a group
	Descriptor *fdpass.Descriptor // the caller's; it must stay open until the member has left
}

// Group steers the sockets that listen at one address. It owns programs and maps, never a socket. It is not safe for concurrent use.
type Group struct {
	kind    Kind
	members []Member // in the kernel's order
	choice  *Choice  // that of the last Steer, less who has left since; nil before
	kernel  kernel
}

// Open begins to steer the sockets that listen at one address, given in the order in which they began to listen (and as the kernel has
// moved them since, see Leave). What an earlier process has attached stays in force until the first Steer, which replaces it at once.
// The caller closes the Group.
func Open(kind Kind, members []Member) (*Group, error) {
	g := &Group{kind: kind}
	var err error
	if g.kernel, err = openKernel(kind); err != nil {
		return nil, err
	}
	for _, m := range members {
		if err := g.Join(m); err != nil {
			return nil, fmt.Errorf("%w%s", err, suffix(g.Close()))
		}
	}
	return g, nil
}

func suffix(err error) string {
	if err == nil {
		return ""
	}
	return " (and " + err.Error() + ")"
}

// Join says that m has just begun to listen. It gets nothing before Steer names it, if there was a Steer before it began to listen: else
// the kernel spreads by its hash, from the second member on.
func (g *Group) Join(m Member) error {
	if g.place(m.Key) >= 0 {
		return fmt.Errorf("cannot join member %q: there is one of this name", m.Key)
	}
	if err := g.kernel.join(m); err != nil {
		return fmt.Errorf("cannot join member %q: %w", m.Key, err)
	}
	g.members = append(g.members, m)
	return nil
}

// Leave takes a member out of the group by shutdown(2), also when other processes have it open; connections go on. The kernel moves the last
// member into its place. If it was named in the last Choice, that goes on without it. Connections that wait at it are reset unless
// Migrates, and one whose handshake is completed at that very moment is reset even then: steer past the member some time before.
func (g *Group) Leave(key string) error {
	at := g.place(key)
	if at < 0 {
		return fmt.Errorf("cannot take member %q out: it is no member", key)
	}
	if err := g.makeWay(at); err != nil {
		return fmt.Errorf("cannot take member %q out: %w", key, err)
	}
	if err := shutdown(g.members[at].Descriptor); err != nil {
		return fmt.Errorf("cannot take member %q out: %w", key, err)
	}
	g.remove(at)
	if err := g.renew(); err != nil {
		return fmt.Errorf("cannot steer without member %q: %w", key, err)
	}
	return nil
}

// CanLeave says whether a member's Leave leads no connection astray. With classic programs it does when the only current member is the
// last of three or more and so has to move: for some microseconds new connections then go to anybody. Waiting helps: once another member
// has joined, or is current, it can. Until then the one that is to leave gets nothing, as nobody names it.
func (g *Group) CanLeave(key string) bool {
	last := len(g.members) - 1
	if g.choice == nil || g.Kind() != Classic || last < 2 {
		return true
	}
	mover := g.members[last].Key
	return mover == key || len(g.choice.Current) != 1 || g.choice.Current[0] != mover
}

// makeWay steers past the member that leaves and, with places, past the last one, which will move, where there are others to take over.
func (g *Group) makeWay(at int) error {
	if g.choice == nil {
		return nil
	}
	rest := g.choice.without(g.members[at].Key)
	if last := len(g.members) - 1; g.Kind() == Classic && at != last {
		if past := rest.without(g.members[last].Key); len(past.Current) > 0 {
			rest = past
		}
	}
	if len(rest.Current) == 0 || len(rest.keys()) == len(g.choice.keys()) {
		return nil
	}
	return g.kernel.attach(g.members, rest)
}

// Lost says that somebody else has shut the member down, or closed it for good: it has left already, and what is attached is put right.
func (g *Group) Lost(key string) {
	if at := g.place(key); at >= 0 {
		g.remove(at)
		_ = g.renew() // what cannot be attached now is tried again by the next Steer, whose error is told
	}
}

// remove follows the kernel: the last member moves into the hole.
func (g *Group) remove(at int) {
	g.kernel.left(g.members[at].Key)
	if g.choice != nil {
		rest := g.choice.without(g.members[at].Key)
		g.choice = &rest
	}
	last := len(g.members) - 1
	g.members[at] = g.members[last]
	g.members = slices.Delete(g.members, last, last+1)
}

// renew attaches what was chosen again, for members that have other places now.
func (g *Group) renew() error {
	if g.choice == nil || len(g.choice.Current) == 0 || len(g.members) == 0 {
		return nil
	}
	return g.kernel.attach(g.members, *g.choice)
}

// Order gives the keys in the kernel's order, for whoever Opens the group next.
func (g *Group) Order() []string {
	keys := make([]string, len(g.members))
	for i, m := range g.members {
		keys[i] = m.Key
	}
	return keys
}

// Steer lets c decide about every connection from now on. On an error what was chosen before stays in force.
func (g *Group) Steer(c Choice) error {
	if err := c.check(func(key string) bool { return g.place(key) >= 0 }); err != nil {
		return err
	}
	if err := g.kernel.attach(g.members, c); err != nil {
		return fmt.Errorf("cannot steer new connections: %w", err)
	}
	c = c.clone()
	g.choice = &c
	return nil
}

// Kind gives what steers now; before the first Steer, what Open was told. It can be Classic for a while where Extended was asked for,
// see the package's documentation.
func (g *Group) Kind() Kind {
	if g.choice == nil {
		return g.kind
	}
	return g.kernel.attached()
}

// Migrates says whether connections that wait at a member that leaves go to another one.
func (g *Group) Migrates() bool { return g.kernel.migrates() }

// Close gives up the group. What is attached stays in force.
func (g *Group) Close() error { return g.kernel.close() }

func (g *Group) place(key string) int {
	return slices.IndexFunc(g.members, func(m Member) bool { return m.Key == key })
}
