package steer

import (
	"math"
	"net/netip"
	"slices"
)

// route is a Choice in the kernel's numbers.
type route struct {
	probes    []probeRoute
	canary    []run
	threshold uint32 // a random 32-bit number below it goes to the canary
	current   []run
}

// probeRoute is one probe. from is IPv4 or IPv6, never a mapped one, and has no zone: that is how packets have it.
type probeRoute struct {
	from netip.AddrPort
	to   uint32
}

// run is a stretch of numbers in which rank r, from the end of the run before it up to end, stands for number r+delta (in 32 bits,
// wrapping). Numbers mostly follow each other, so a program has few runs to tell apart where it has many members.
type run struct{ end, delta uint32 }

// newRoute makes the route of a choice that has been checked. number gives each member's.
func newRoute(c Choice, number func(key string) uint32) route {
	numbers := func(keys []string) []run {
		list := make([]uint32, len(keys))
		for i, key := range keys {
			list[i] = number(key)
		}
		return runs(list)
	}
	r := route{current: numbers(c.Current)}
	switch {
	case c.Share >= 1:
		r.current = numbers(c.Canary)
	case c.Share > 0:
		r.canary, r.threshold = numbers(c.Canary), max(1, uint32(c.Share*(1<<32)))
	}
	for _, p := range c.Probes {
		from := netip.AddrPortFrom(p.From.Addr().Unmap().WithZone(""), p.From.Port())
		r.probes = append(r.probes, probeRoute{from, number(p.To)})
	}
	return r
}

// runs puts numbers, each once, into stretches.
func runs(list []uint32) []run {
	slices.Sort(list)
	list = slices.Compact(list)
	var all []run
	for rank, number := range list {
		delta := number - uint32(rank)
		if len(all) == 0 || all[len(all)-1].delta != delta {
			all = append(all, run{delta: delta})
		}
		all[len(all)-1].end = uint32(rank) + 1
	}
	return all
}

// count gives how many numbers the runs hold.
func count(all []run) uint32 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].end
}

// first gives up to n numbers, in order.
func first(all []run, n int) []uint32 {
	var list []uint32
	rank := uint32(0)
	for _, r := range all {
		for ; rank < r.end && len(list) < n; rank++ {
			list = append(list, rank+r.delta)
		}
	}
	return list
}

// hashed is an answer beyond any place: the kernel falls back to its hash.
const hashed = math.MaxUint32
