package supervisor

import (
	"context"
	"slices"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/diag"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// desertedPause is between two looks at the sockets that a program has made itself. One that it has closed both times is not on its way
// from one of its processes to another.
const desertedPause = time.Second

// watchOwn tells the registry which of several own sockets the program has closed: the keeper has them open, so the kernel would send
// them their share of the connections for ever. A server with a socket for each of its processes has fewer of both at times.
func (c *child) watchOwn(ctx context.Context) {
	closed := map[*fdpass.Socket]bool{}
	whileSeveral(ctx, c.asked.joined, c.ownsSeveral, func() { closed = c.lookAtOwn(closed) })
}

// whileSeveral has look called again and again while several is true, until ctx ends. Only what joined tells of makes it true once it is
// not: nothing wakes up before.
func whileSeveral(ctx context.Context, joined <-chan struct{}, several func() bool, look func()) {
	for {
		if !several() {
			select {
			case <-ctx.Done():
				return
			case <-joined:
			}
			continue
		}
		pause := time.NewTimer(desertedPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
			look()
		}
	}
}

// ownsSeveral is whether the worker has more than one socket of a listener.
func (c *child) ownsSeveral() bool {
	return slices.ContainsFunc(c.spec.leases, func(l *registry.Lease) bool { return len(l.Members(c.spec.index)) > 1 })
}

// lookAtOwn gives the sockets that no process of the program has open, and tells of those that were so before.
func (c *child) lookAtOwn(before map[*fdpass.Socket]bool) map[*fdpass.Socket]bool {
	closed := map[*fdpass.Socket]bool{}
	for _, l := range c.spec.leases {
		members := l.Members(c.spec.index)
		if len(members) < 2 {
			continue
		}
		open, err := diag.HeldBy(c.process.Tree().Members())
		if err != nil {
			continue // nobody knows
		}
		var still []*fdpass.Socket
		for _, m := range members {
			if closed[m] = !open[adopt.Inode(m.Descriptor())]; closed[m] && before[m] {
				still = append(still, m)
			}
		}
		if len(still) > 0 {
			l.Deserted(c.spec.index, still)
		}
	}
	return closed
}
