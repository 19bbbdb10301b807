package supervisor

import (
	"context"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/diag"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
)

// desertedPause is between two looks at the sockets that a program has made itself. One that it has closed both times is not on its way
// from one of its processes to another.
const desertedPause = time.Second

// watchOwn tells the registry which of several own sockets the program has closed: the keeper has them open, so the kernel would send
// them their share of the connections for ever. A server with a socket for each of its processes has fewer of both at times.
func (c *child) watchOwn(ctx context.Context) {
	tick := time.NewTicker(desertedPause)
	defer tick.Stop()
	closed := map[*fdpass.Socket]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			closed = c.lookAtOwn(closed)
		}
	}
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
